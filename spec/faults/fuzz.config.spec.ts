import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import { schema } from '#src/config/config.js';
import { MAX_DURATION_MS } from '#src/config/duration.js';
import { keyPaths } from '#src/config/keys.js';
import { loadConfig, type Loaded } from '#src/config/load.js';
import { toFileForm } from '#src/config/mask.js';
import { ConfigError, printed, type Problem } from '#src/config/problem.js';
import { inFolder } from '../config/support.js';
import { environment$, file$ } from '../support/fuzz/configs.js';
import { corpus, INPUTS, load, replay, save, withInput, type Saved } from '../support/fuzz/inputs.js';
import { report } from '../support/scale.js';

/** What is wrong, in the words of the program alone: a value may be a secret. */
const MESSAGE =
  /^((required: )?expected |unknown (key|variable); |\d+ more (unknown keys|problems)$|set twice: |too many aliases$|not text in UTF-8$|larger than 1 MiB$|not valid YAML or JSON: [\w -]+$|merge keys \(<<\) are not supported|the file has no settings$)/;
/** Generous: what is to be found is a minute, not a pause of the machine. */
const LONGEST_LOAD_MS = 10_000;

/** Most of the time goes into the files, which the system reads and writes side by side. */
const BATCH = 10;

interface Input {
  readonly file: Saved;
  readonly env?: Record<string, string>;
}

const batch$ = fc.array(fc.record({ file: file$.map(save), env: environment$ }), {
  minLength: BATCH,
  maxLength: BATCH,
});

const expectUsable = ({ config, declared, set }: Loaded): void => {
  // What is written out in full is valid, and means the same.
  expect(schema.parse(toFileForm(declared))).to.deep.equal(declared);
  for (const key of set) {
    const known = keyPaths.some((path) => key === path || key.startsWith(`${path}.`)) || key === '$schema';
    expect(known, `${key} is a key`).to.equal(true);
  }
  const { sync, announce, publicIp, shutdown } = config;
  for (const ms of [
    sync.intervalMs,
    sync.timeoutMs,
    sync.suspectIntervalMs,
    announce.retry.maxMs,
    publicIp.intervalMs,
  ]) {
    expect(ms).to.satisfy(Number.isInteger).and.to.be.within(10, MAX_DURATION_MS);
  }
  expect(shutdown.graceMs).to.satisfy(Number.isInteger).and.to.be.within(0, MAX_DURATION_MS);
  expect(sync.port).to.satisfy(Number.isInteger).and.to.be.within(1, 65_535);
  expect({}).to.not.have.property('a');
};

const expectNamed = (problem: Problem): void => {
  expect(printed(problem)).to.not.match(/\p{Cc}/u);
  expect(problem.message).to.match(MESSAGE);
  // A key that is nowhere set has no place, a fault of the file as a whole has no key.
  if (problem.key === '' || problem.message.startsWith('unknown key')) expect(problem.where).to.be.a('string');
};

describe('fuzz: the configuration loader', () => {
  let loads = 0;
  let usable = 0;
  let slowestMs = 0;

  const feed = async (path: string, { file, env = {} }: Input): Promise<void> => {
    await writeFile(path, load(file));
    const startedAt = performance.now();
    const loaded = await loadConfig({ file: path, env, cwd: dirname(path) }).catch((error: unknown) => {
      if (!(error instanceof ConfigError)) throw error;
      expect(error.problems).to.not.be.empty;
      error.problems.forEach(expectNamed);
      return undefined;
    });
    const tookMs = performance.now() - startedAt;
    expect(tookMs).to.be.lessThan(LONGEST_LOAD_MS);
    slowestMs = Math.max(slowestMs, tookMs);
    loads += 1;
    if (loaded === undefined) return;
    usable += 1;
    expectUsable(loaded);
  };

  for (const input of corpus('config') as readonly Input[]) {
    it(`takes ${JSON.stringify(input).slice(0, 100)}`, () =>
      inFolder((folder) => feed(join(folder, 'config.yaml'), input)));
  }

  it('ends with a valid configuration or with a list of what is wrong, whatever file and environment say', () =>
    inFolder(async (folder) => {
      await fc.assert(
        fc.asyncProperty(batch$, async (batch) => {
          await Promise.all(batch.map((input, i) => withInput(input, () => feed(join(folder, `${i}.yaml`), input))));
        }),
        { numRuns: INPUTS / BATCH, ...replay },
      );
      expect(usable).to.be.within(1, loads - 1);
      report(`${loads} configurations, ${usable} of them valid, the slowest took ${slowestMs.toFixed(0)} ms`);
    })).timeout(60_000 + INPUTS * 20);
});
