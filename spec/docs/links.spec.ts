import { expect } from 'chai';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { ROOT } from '../support/clone.js';
import { PAGES, proseOf, type Page } from '../support/docs/pages.js';

const LINK = /\]\(([^()\s]+)\)/g;
const IS_ELSEWHERE = /^(https?:|mailto:)/;

describe('the links of the documentation', () => {
  let slugOf: (heading: string) => string;
  before(async () => {
    const module = new URL('../../../docs/.vitepress/slug.mjs', import.meta.url).href;
    ({ slugOf } = (await import(module)) as { slugOf: typeof slugOf });
  });

  const anchorsOf = (page: Page): readonly string[] =>
    [...proseOf(page).matchAll(/^#{1,6} (.*)$/gm)].map(([, heading = '']) => slugOf(heading.replaceAll('`', '')));
  const linksOf = (page: Page): readonly string[] => [...proseOf(page).matchAll(LINK)].map(([, target = '']) => target);

  for (const page of PAGES) {
    it(`lead somewhere in ${page.path}`, () => {
      for (const link of linksOf(page)) {
        if (IS_ELSEWHERE.test(link)) {
          expect(URL.canParse(link), link).to.equal(true);
          continue;
        }
        const [file = '', anchor] = link.split('#');
        const target = file === '' ? page.path : normalize(join(dirname(page.path), file));
        expect(existsSync(join(ROOT, target)), `${link}: there is no ${target}`).to.equal(true);
        if (anchor === undefined) continue;
        const found = PAGES.find(({ path }) => path === target);
        if (found === undefined) throw new Error(`${link}: ${target} is no page`);
        expect(anchorsOf(found), link).to.include(anchor);
      }
    });
  }

  it('are found at all', () => {
    const links = PAGES.flatMap(linksOf);
    expect(links.length).to.be.greaterThan(100);
    expect(links.filter((link) => link.includes('#')).length).to.be.greaterThan(15);
  });

  it('have one anchor a heading', () => {
    for (const page of PAGES) {
      // Each version of the program has the same headings.
      if (page.path === 'CHANGELOG.md') continue;
      const anchors = anchorsOf(page);
      expect(new Set(anchors).size, page.path).to.equal(anchors.length);
    }
  });

  it('reach every page from the sidebar', async () => {
    const module = new URL('../../../docs/.vitepress/sidebar.mjs', import.meta.url).href;
    const { sidebar } = (await import(module)) as { sidebar: { items: { link: string }[] }[] };
    const linked = sidebar.flatMap(({ items }) => items.map(({ link }) => `${link.slice(1)}.md`));
    const pages = PAGES.map(({ path }) => path).filter((path) => path.startsWith('docs/'));
    expect(linked).to.have.members(pages);
  });

  it('reach every page from the README, by way of others', () => {
    const reached = new Set<string>();
    const visit = (path: string): void => {
      const page = PAGES.find((one) => one.path === path);
      if (page === undefined || reached.has(path)) return;
      reached.add(path);
      for (const link of linksOf(page)) visit(normalize(join(dirname(path), link.split('#')[0] ?? '')));
    };
    visit('README.md');
    expect([...reached]).to.include.members(PAGES.map(({ path }) => path));
  });

  it('are right where the program names a page', () => {
    for (const folder of ['src', 'deploy']) {
      for (const name of readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })) {
        const path = join(ROOT, folder, name);
        if (!statSync(path).isFile()) continue;
        for (const [named] of readFileSync(path, 'utf8').matchAll(/\bdocs\/[\w/-]+\.md/g)) {
          expect(existsSync(join(ROOT, named)), `${folder}/${name} names ${named}`).to.equal(true);
        }
      }
    }
  });
});
