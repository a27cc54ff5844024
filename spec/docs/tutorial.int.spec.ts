import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findRedisServer } from '#src/clients/findRedisServer.js';
import { ROOT } from '../support/clone.js';
import { comparable } from '../support/docs/output.js';
import { blocksOf, page } from '../support/docs/pages.js';
import { Shell } from '../support/docs/shell.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/freePort.js';
import { skipBecause } from '../support/skip.js';

/** The ports of the page, in whose place free ones are taken. */
const PORTS = ['6390', '8080', '9464', '9465'];
/** The folder that the first commands of the page make in the clone. All files of the page are in it. */
const FOLDER = 'try';
/** A line of an output that stands for lines which the page leaves out. */
const LEFT_OUT = '…';

describe('the tutorial', function () {
  this.timeout(120_000);
  const blocks = blocksOf(page('docs/tutorial.md'));
  /** In place of the clone. */
  let clone: string;
  let shell: Shell;
  let own: (text: string) => string;

  before(async function () {
    if (process.platform !== 'linux') skipBecause(this, 'only Linux has all of 127.0.0.0/8 by itself');
    if (spawnSync('redis-cli', ['--version']).status !== 0) skipBecause(this, 'there is no redis-cli');
    const ports = new Map<string, number>();
    for (const port of PORTS) ports.set(port, await freePort());
    own = (text) => [...ports].reduce((made, [port, free]) => made.replaceAll(port, String(free)), text);
    clone = mkdtempSync(join(tmpdir(), 'tutorial-'));
    for (const made of ['dist', 'node_modules']) symlinkSync(join(ROOT, made), join(clone, made));
    shell = Shell.start(clone, { redisServer: findRedisServer(process.env) });
    // A bash without a terminal expands no alias by default.
    await shell.run('shopt -s expand_aliases');
  });
  after(async () => {
    // It has left the group of the shell, and is still there where a step has failed.
    spawnSync('redis-cli', ['-p', own('6390'), 'shutdown', 'nosave']);
    await shell.end();
    rmSync(clone, { recursive: true });
  });

  it('has files, commands and what they print', () => {
    const count = (language: string): number => blocks.filter((block) => block.language === language).length;
    expect([count('js'), count('yaml'), count('sh'), count('text')]).to.deep.equal([2, 2, 16, 9]);
  });

  blocks.forEach(({ language, name, text, line }, i) => {
    if (name !== undefined) {
      it(`line ${line}: ${name}`, () => {
        writeFileSync(join(clone, FOLDER, name), own(text));
      });
    } else if (language === 'sh') {
      const next = blocks[i + 1];
      const expected = next?.language === 'text' ? next.text : undefined;
      it(`line ${line}: ${text.split('\n')[0] ?? ''}`, async () => {
        if (expected === undefined) {
          expect(await shell.run(own(text))).to.deep.include({ code: 0 });
          return;
        }
        // What it shows comes about in a moment, so who reads along looks again.
        await eventually(async () => {
          const { output } = await shell.run(own(text));
          const shown = comparable(own(expected)).filter((one) => one !== LEFT_OUT);
          expect(comparable(output)).to.include.members(shown);
        });
      });
    }
  });
});
