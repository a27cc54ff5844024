import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../support/clone.js';
import { page } from '../support/docs/pages.js';

const source = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

describe('the references', () => {
  for (const script of ['commands', 'marbles']) {
    it(`that scripts/${script}.mjs makes are current`, function () {
      this.timeout(60_000);
      const { status, stderr } = spawnSync(process.execPath, [join(ROOT, `scripts/${script}.mjs`), '--check'], {
        encoding: 'utf8',
      });
      expect([status, stderr]).to.deep.equal([0, '']);
    });
  }

  it('have every type of entry of the journal, and none that there is not', () => {
    const kinds = [...source('src/events.ts').matchAll(/readonly kind: '([a-z.-]+)'/g)].map(([, kind = '']) => kind);
    const text = source('src/sinks/journalEntries.ts');
    const routine = text.slice(text.indexOf('switch (event.kind)'), text.indexOf('return [];'));
    const silent = [...routine.matchAll(/case '([a-z.-]+)'/g)].map(([, kind = '']) => kind);
    const made = [...text.matchAll(/type: '([a-z.-]+)'/g)].map(([, type = '']) => type);
    // These become entries of other types, which the code builds.
    const others = ['peer.checked', 'peer.discarded', 'round.finished'];
    const states = ['peer.available', 'peer.suspect', 'peer.unavailable'];
    const types = kinds.filter((kind) => !silent.includes(kind) && !others.includes(kind));
    const { text: redis } = page('docs/redis.md');
    const section = redis.slice(redis.indexOf('## Events'), redis.indexOf('## Where Redis may be'));
    const named = [...section.matchAll(/`([a-z]+\.[a-z-]+)`/g)].map(([, type = '']) => type);
    expect(types.length).to.be.greaterThan(25);
    expect(new Set(named)).to.deep.equal(new Set([...types, ...made, ...states, 'events.folded']));
  });

  it('have a section for each problem, and none that there is not', () => {
    const codes = [...source('src/status/problems.ts').matchAll(/(?:bad\(|notice\(|code:)\s*'([a-z-]+)'/g)];
    const { text } = page('docs/troubleshooting.md');
    const sections = [...text.matchAll(/^## ([a-z-]+)$/gm)].map(([, code = '']) => code);
    expect(sections).to.have.members([...new Set(codes.map(([, code = '']) => code))]);
    expect(sections.length).to.be.greaterThan(15);
    for (const code of sections) {
      const [, body = ''] = text.split(`\n## ${code}\n`);
      const [own = ''] = body.split('\n## ');
      // What is wrong, and then what to do.
      expect(own.trim().split('\n\n').length, code).to.be.at.least(2);
    }
  });
});
