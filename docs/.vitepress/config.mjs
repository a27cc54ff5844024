import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitepress';
import { siteLinks } from './links.mjs';
import { sidebar } from './sidebar.mjs';
import { slugOf } from './slug.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** The documentation as a site. Its pages are the Markdown files of the repository, which can be read without it. */
export default defineConfig({
  title: 'consumer-scheduler',
  description: 'Keeps a consumer node of a P2P storage network in sync.',
  srcDir: root,
  srcExclude: ['**/{node_modules,.build,dist,coverage,spec}/**'],
  rewrites: { 'README.md': 'index.md' },
  outDir: `${root}.build/site`,
  cacheDir: `${root}.build/site-cache`,
  // What the pages say of a running node is on that host, not on the site.
  ignoreDeadLinks: [/^https?:\/\/(127\.0\.0\.1|localhost)/],
  markdown: { attrs: { disable: true }, anchor: { slugify: slugOf }, config: siteLinks },
  themeConfig: {
    nav: [
      { text: 'Tutorial', link: '/docs/tutorial' },
      { text: 'Configuration', link: '/docs/configuration' },
      { text: 'Troubleshooting', link: '/docs/troubleshooting' },
      { text: 'Changelog', link: '/CHANGELOG' },
    ],
    sidebar,
    outline: 'deep',
    search: { provider: 'local' },
  },
});
