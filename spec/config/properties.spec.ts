import { expect } from 'chai';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { schema } from '#src/config/config.js';
import { fromEnvironment } from '#src/config/environment.js';
import { keyPaths } from '#src/config/keys.js';
import { masked } from '#src/config/mask.js';
import { problemsOf } from '#src/config/problem.js';
import { loadText, problemsIn, UUID } from './support.js';

const duration = fc.oneof(
  fc.integer({ min: 50, max: 1_209_600_000 }),
  fc.tuple(fc.integer({ min: 1, max: 336 }), fc.constantFrom('s', 'm', 'h')).map(([n, unit]) => `${n}${unit}`),
);
const concurrency = fc.integer({ min: 1, max: 10_000 });
const port = fc.integer({ min: 1, max: 65_535 });
const some = (model: Readonly<Record<string, fc.Arbitrary<unknown>>>) => fc.record(model, { requiredKeys: [] });

const target = {
  timeout: duration,
  concurrency,
  port,
  scheme: fc.constantFrom('http', 'https'),
  path: fc.webPath().map((path) => `/${path}`.replaceAll('#', '')),
};

/** Any part of a valid configuration, as it is written, without secrets. */
const valid = some({
  redis: some({
    url: fc.constantFrom('embedded', 'redis://h:1/2', 'redis://h?db=2', 'unix:///run/redis.sock'),
    keyPrefix: fc.stringMatching(/^[!#-&(-_a-~]{1,200}$/),
    dataDir: fc.constant('/var/lib/p2p'),
  }),
  sync: some({
    ...target,
    interval: duration,
    jitter: fc.double({ min: 0, max: 0.5, noNaN: true }).map((n) => n + 0),
    spread: fc.double({ min: 0, max: 0.9, noNaN: true }).map((n) => n + 0),
    suspectInterval: duration,
    unavailable: some({ interval: duration, concurrency }),
    pending: some({ concurrency }),
  }),
  availability: some({ fall: fc.integer({ min: 1, max: 1_000 }), rise: fc.integer({ min: 1, max: 1_000 }) }),
  publicIp: some({
    override: fc.oneof(fc.ipV4(), fc.ipV6()),
    interval: duration,
    timeout: duration,
    family: fc.constantFrom('ipv4', 'ipv6'),
    quorum: fc.integer({ min: 1, max: 100 }),
    confirmations: fc.integer({ min: 1, max: 100 }),
    sources: fc.uniqueArray(
      fc.oneof(
        fc.constantFrom('dns', 'https'),
        fc.domain().map((host) => ({ url: `https://${host}/` })),
        fc.constantFrom('eth0', 'wg0').map((name) => ({ interface: name })),
      ),
      { minLength: 1, selector: (source) => JSON.stringify(source).toLowerCase() },
    ),
  }),
  announce: some({
    ...target,
    retry: fc.constant({ initial: '1s', max: '2s' }),
    newcomers: fc.boolean(),
    refresh: fc.constantFrom('never', '24h', 90_000),
  }),
  network: some({ allow: fc.subarray(['public', 'private', 'loopback'], { minLength: 1 }) }),
  status: some({ enabled: fc.boolean(), host: fc.ipV4(), port: fc.integer({ min: 0, max: 65_535 }) }),
  log: some({ level: fc.constantFrom('error', 'debug'), format: fc.constantFrom('json', 'pretty', 'journal', 'auto') }),
  shutdown: some({ grace: duration }),
}).map((part) => ({ uuid: UUID, ...part }));

describe('any configuration', () => {
  it('that is valid means the same when it is printed and read again, in YAML or JSON', async () => {
    await fc.assert(
      fc.asyncProperty(valid, async (written) => {
        const { config, declared } = await loadText(stringify(written));
        expect((await loadText(stringify(masked(declared)))).config).to.deep.equal(config);
        expect((await loadText(JSON.stringify(written))).config).to.deep.equal(config);
      }),
      { numRuns: 60 },
    );
  });

  it('means the same when each key comes from the environment', async () => {
    await fc.assert(
      fc.asyncProperty(valid, async (written) => {
        const env = Object.fromEntries(
          Object.entries(written).map(([name, value]) => [
            `CONSUMER_SCHEDULER__${name.toUpperCase()}`,
            typeof value === 'string' ? value : JSON.stringify(value),
          ]),
        );
        expect((await loadText('', env)).config).to.deep.equal((await loadText(stringify(written))).config);
      }),
      { numRuns: 40 },
    );
  });

  it('that is junk is a list of problems, one line each', async () => {
    const junk = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.uint8Array({ maxLength: 200 }),
      fc.stringMatching(/^[-\s:{}[\]&*!|>'"%@`#,?a-c]{0,60}$/),
      fc.json(),
      valid
        .chain((written) => fc.tuple(fc.constant(stringify(written)), fc.nat(200), fc.string({ maxLength: 5 })))
        .map(([text, at, noise]) => text.slice(0, at) + noise + text.slice(at)),
    );
    await fc.assert(
      fc.asyncProperty(junk, async (source) => {
        for (const line of await problemsIn(loadText(source))) expect(line).to.not.match(/\n|Invalid input/);
      }),
      { numRuns: 400 },
    );
  });

  it('with junk at any key never throws, and names only what was expected', () => {
    const key = fc.oneof(
      fc.constantFrom(...keyPaths),
      fc.string().map((name) => `sync.${name}`),
      fc.string(),
    );
    fc.assert(
      fc.property(key, fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true }), (path, value) => {
        const tree = path.split('.').reduceRight<unknown>((inner, name) => ({ [name]: inner }), value);
        const { error } = schema.safeParse({ uuid: UUID, ...(tree as object) });
        const problems = error === undefined ? [] : problemsOf(error, () => undefined);
        for (const { message } of problems) expect(message).to.match(/^(required: )?expected |^unknown key; /);
      }),
      { numRuns: 2_000 },
    );
  });

  it('of the environment never throws', () => {
    const name = fc.oneof(
      fc.constantFrom('LOCAL_UUID', 'REDIS_URL', 'CONSUMER_SCHEDULER__', 'CONSUMER_SCHEDULER__SYNC__HEADERS'),
      fc.constantFrom(...keyPaths).map((path) => `CONSUMER_SCHEDULER__${path.toUpperCase().replaceAll('.', '__')}`),
      fc.string().map((text) => `CONSUMER_SCHEDULER__${text}`),
      fc.string().map((text) => `CONSUMER_SCHEDULER_${text}`),
    );
    fc.assert(
      fc.property(fc.dictionary(name, fc.string()), (env) => {
        const { settings, problems } = fromEnvironment(env);
        for (const { key } of settings) expect(keyPaths).to.include(key);
        for (const { where } of problems) expect(where).to.match(/^environment CONSUMER_SCHEDULER_/);
      }),
      { numRuns: 1_000 },
    );
  });
});
