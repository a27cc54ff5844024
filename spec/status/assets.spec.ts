import { expect } from 'chai';
import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { assets, importMap, pageHtml, pagePolicy } from '#src/status/assets.js';

const LARGEST_KB = 100;

describe('the files of the page', () => {
  const html = pageHtml({ base: '/a/', title: '<b>"', snapshot: '<p>now</p>' });

  it('are under 100 kB in all, packed', () => {
    const packed = [...assets().values()].reduce((sum, { gzip }) => sum + gzip.length, gzipSync(html).length);
    expect(packed / 1_024)
      .to.be.lessThan(LARGEST_KB)
      .and.greaterThan(20);
  });

  it('are what their packed form holds, and named by their content', () => {
    for (const { body, gzip, etag } of assets().values()) {
      expect(gunzipSync(gzip).equals(body)).to.equal(true);
      expect(etag).to.match(/^"[\w.-]+"$/);
    }
    expect(new Set([...assets().values()].map(({ etag }) => etag)).size).to.equal(assets().size);
  });

  it('import nothing but each other and what the import map names', () => {
    const named = Object.keys((JSON.parse(importMap('/')) as { imports: object }).imports);
    const imports = [...assets().values()].flatMap(({ path, type, body }) => {
      if (!type.startsWith('text/javascript') || path === 'assets/vendor/uPlot.js') return [];
      const found = body.toString().matchAll(/\b(?:from|import)\s*\(?\s*["']([^"']+)["']/g);
      return [...found].map(([, name = '']) => ({ path, name }));
    });
    expect(imports.length).to.be.greaterThan(50);
    for (const { path, name } of imports) {
      if (named.includes(name)) continue;
      const place = new URL(name, `http://x/${path}`).pathname.slice(1);
      expect(assets().has(place), `${path} imports ${name}`).to.equal(true);
    }
  });

  it('stand in the document under its base path, and nothing is from elsewhere', () => {
    const places = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, place = '']) => place);
    expect(places.length).to.be.greaterThan(20);
    for (const place of places.filter((one) => !one.startsWith('data:'))) {
      expect(assets().has(place.replace(/^\/a\//, '')), place).to.equal(true);
    }
    expect(html)
      .to.include('<title>&lt;b&gt;&quot;</title>')
      .and.not.match(/style=|https?:\/\/(?!www\.w3)/);
  });

  it('may be run under the policy, which knows the import map by its hash', () => {
    const [, script = ''] = /<script type="importmap">(.*?)<\/script>/s.exec(html) ?? [];
    const hash = createHash('sha256').update(script).digest('base64');
    expect(pagePolicy('/a/')).to.include(`'sha256-${hash}'`).and.not.include('unsafe');
  });
});
