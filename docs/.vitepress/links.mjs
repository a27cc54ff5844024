import { posix } from 'node:path';

const IS_ELSEWHERE = /^([a-z]+:|\/\/|#)/i;
const IS_PAGE = /\.md(#.*)?$/;

/**
 * Links as they are good for the site: README.md is its first page, and what is no page (sources, configuration files)
 * is not on it, so its link becomes plain text.
 */
export function siteLinks(markdown) {
  markdown.core.ruler.push('site-links', ({ tokens, env }) => {
    for (const { children } of tokens) {
      let dropped = false;
      for (const token of children ?? []) {
        if (token.type === 'link_open') {
          const href = token.attrGet('href');
          dropped = !IS_ELSEWHERE.test(href) && !IS_PAGE.test(href);
          if (isFirstPage(href, env.relativePath)) token.attrSet('href', href.replace('README.md', 'index.md'));
        }
        if (dropped && token.type.startsWith('link_')) {
          if (token.type === 'link_close') dropped = false;
          token.type = 'text';
          token.tag = '';
          token.nesting = 0;
          token.content = '';
          token.attrs = null;
        }
      }
    }
  });
}

function isFirstPage(href, page = '') {
  return posix.join(posix.dirname(page), href.split('#')[0]) === 'README.md';
}
