import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeClone, type Clone } from '../support/clone.js';
import { PAGES } from '../support/docs/pages.js';

describe('the site of the documentation', function () {
  this.timeout(240_000);
  let clone: Clone;
  before(() => {
    clone = makeClone();
  });
  after(() => {
    clone.clear();
  });

  const build = () => {
    const words = [process.execPath, join(clone.path, 'node_modules/vitepress/bin/vitepress.js'), 'build', 'docs'];
    const isApart = spawnSync('unshare', ['--net', 'true']).status === 0;
    const [command = '', ...args] = [...(isApart ? ['unshare', '--net'] : []), ...words];
    const { status, stdout, stderr } = spawnSync(command, args, { cwd: clone.path, encoding: 'utf8' });
    return { status, said: `${stdout}${stderr}` };
  };
  const built = (path: string): string => join(clone.path, '.build/site', path);

  it('is built without a network, with every page', () => {
    const { status, said } = build();
    expect(status, said).to.equal(0);
    for (const { path } of PAGES) {
      const html = path === 'README.md' ? 'index.html' : path.replace(/\.md$/, '.html');
      expect(existsSync(built(html)), html).to.equal(true);
    }
    const tutorial = readFileSync(built('docs/tutorial.html'), 'utf8');
    expect(tutorial).to.include('href="/docs/verdicts.html"');
    expect(readFileSync(built('docs/how-to/upgrade.html'), 'utf8')).to.include('href="/CHANGELOG.html"');
  });

  it('is not built where a link is dead', () => {
    appendFileSync(join(clone.path, 'docs/tutorial.md'), '\n[nowhere](nowhere.md)\n');
    const { status, said } = build();
    expect(status).to.not.equal(0);
    expect(said).to.include('nowhere');
  });
});
