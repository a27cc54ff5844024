import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../support/clone.js';
import { eventually } from '../support/eventually.js';
import { Program } from '../support/program.js';
import { skipBecause } from '../support/skip.js';

/** What only Linux has. */
const LINUX_ONLY = /['"`]\/(proc|sys|dev|run)\/|process\.platform|\bos\.platform\(/;
/** The modules that use it, each with what it does where that is not there. */
const FALLBACKS: Readonly<Record<string, RegExp>> = {
  // Who is provably gone is not known then: the lease has to run out.
  'leader/processIdentity.ts': /catch \{\s+return undefined;/,
  // Of IPv6 addresses no flags are known then.
  'sources/publicIp/localInterface.ts': /readFile\(FLAGS, 'latin1'\)\.catch\(\(\) => ''\)/,
  // The limit is not known then.
  'cli/doctor/host.ts': /limits\(\)\.catch\(\(\) => ''\)/,
};
const WITHOUT_PROC = ['unshare', '--mount', 'sh', '-c', 'mount -t tmpfs tmpfs /proc && exec "$@"', 'sh'];

const withoutComments = (text: string): string => text.replace(/\/\*[^]*?\*\/|^\s*\/\/.*/gm, '');

describe('on a system that is not Linux', () => {
  it('what only Linux has is used where there is a fallback, and nowhere else', () => {
    const source = join(ROOT, 'src');
    const users = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter(
      (name) => /\.tsx?$/.test(name) && LINUX_ONLY.test(withoutComments(readFileSync(join(source, name), 'utf8'))),
    );
    expect(users).to.have.members(Object.keys(FALLBACKS));
    for (const [name, fallback] of Object.entries(FALLBACKS)) {
      expect(readFileSync(join(source, name), 'utf8'), name).to.match(fallback);
    }
  });

  it('runs a round and ends without /proc', async function () {
    const [command = '', ...args] = WITHOUT_PROC;
    if (spawnSync(command, [...args, 'true']).status !== 0) skipBecause(this, 'no /proc can be hidden');
    const config = {
      uuid: '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11',
      redis: { url: 'embedded' },
      publicIp: { override: '127.0.0.1' },
    };
    const program = Program.start(['run'], { config, before: WITHOUT_PROC });
    try {
      await eventually(() => {
        expect(program.stderr).to.include('round.finished');
      });
      expect(await program.stop(), program.stderr).to.equal(0);
      expect(program.stderr).to.not.include('"level":"error"');
    } finally {
      await program.clear();
    }
  });
});
