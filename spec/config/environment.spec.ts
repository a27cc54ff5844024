import { expect } from 'chai';
import { fromEnvironment } from '#src/config/environment.js';
import { keys } from '#src/config/keys.js';
import { loadText, problemsIn, UUID } from './support.js';

const PREFIX = 'CONSUMER_SCHEDULER__';
const load = async (env: NodeJS.ProcessEnv, file = `uuid: ${UUID}`) => (await loadText(file, env)).config;

describe('fromEnvironment', () => {
  it('knows every key by its path in capitals', () => {
    for (const { path } of keys) {
      const variable = `${PREFIX}${path.toUpperCase().replaceAll('.', '__')}`;
      const { settings, problems } = fromEnvironment({ [variable]: '{}' });
      expect(problems, path).to.deep.equal([]);
      expect(settings.map(({ key }) => key)).to.deep.equal([path]);
    }
  });

  it('takes names of several words with and without an underscore', async () => {
    expect((await load({ [`${PREFIX}SYNC__SUSPECTINTERVAL`]: '3s' })).sync.suspectIntervalMs).to.equal(3_000);
    expect((await load({ [`${PREFIX}SYNC__SUSPECT_INTERVAL`]: '4s' })).sync.suspectIntervalMs).to.equal(4_000);
    expect((await load({ [`${PREFIX}PUBLIC_IP__QUORUM`]: '1' })).publicIp.quorum).to.equal(1);
  });

  it('wins over the file, and the long form over the short one', async () => {
    const file = `uuid: ${UUID}\nlog: {level: error}`;
    expect((await load({}, file)).log.level).to.equal('error');
    expect((await load({ LOG_LEVEL: 'warn' }, file)).log.level).to.equal('warn');
    const both = { [`${PREFIX}LOG__LEVEL`]: 'debug', LOG_LEVEL: 'warn' };
    expect((await load(both, file)).log.level).to.equal('debug');
  });

  it('knows the short forms', async () => {
    const config = await load(
      { LOCAL_UUID: UUID, REDIS_URL: 'redis://10.0.0.1/3', IP_OVERRIDE: '10.1.2.3', LOG_LEVEL: 'debug' },
      '',
    );
    expect(config.uuid).to.equal(UUID);
    expect(config.redis.url).to.equal('redis://10.0.0.1/3');
    expect(config.publicIp.override).to.equal('10.1.2.3');
    expect(config.log.level).to.equal('debug');
  });

  it('takes an empty short form for one that is not set, and an empty long form for a mistake', async () => {
    expect((await load({ IP_OVERRIDE: '', LOG_LEVEL: '' })).publicIp.override).to.equal(undefined);
    const variable = `${PREFIX}HTTP__SIGNING__SECRET`;
    expect(await problemsIn(load({ [variable]: '' }))).to.deep.equal([
      `http.signing.secret: expected a text of 16 to 1000 characters (environment ${variable})`,
    ]);
  });

  it('reads numbers, switches, lists and groups as YAML or JSON', async () => {
    const config = await load({
      [`${PREFIX}SYNC__JITTER`]: '0.1',
      [`${PREFIX}SYNC__INTERVAL`]: '1500',
      [`${PREFIX}STATUS__ENABLED`]: 'false',
      [`${PREFIX}PUBLICIP__SOURCES`]: '[dns, {url: "https://ip.example/"}]',
      [`${PREFIX}SYNC__HEADERS`]: '{"authorization": "Bearer abc"}',
    });
    expect(config.sync).to.deep.include({ jitter: 0.1, intervalMs: 1_500, headers: { authorization: 'Bearer abc' } });
    expect(config.status.enabled).to.equal(false);
    expect(config.publicIp.sources).to.deep.equal(['dns', { url: 'https://ip.example/' }]);
  });

  it('takes a text as it is, even where it looks like something else', async () => {
    const secret = '0123456789012345 # {planted: [';
    expect((await load({ [`${PREFIX}HTTP__SIGNING__SECRET`]: secret })).http.signing.secret).to.equal(secret);
    expect((await load({ [`${PREFIX}REDIS__KEYPREFIX`]: '{p2p}:' })).redis.keyPrefix).to.equal('{p2p}:');
  });

  it('sets groups before their members, whatever comes first', async () => {
    const { sync } = await load(
      { [`${PREFIX}SYNC__PORT`]: '82', [`${PREFIX}SYNC`]: '{port: 81, concurrency: 7}' },
      `uuid: ${UUID}\nsync: {timeout: 1s}`,
    );
    expect(sync).to.include({ port: 82, concurrency: 7, timeoutMs: 5_000 });
  });

  it('names a variable that names no key, and the key that is nearest', async () => {
    const variable = `${PREFIX}SYNC__SUSPECT_INTERVALL`;
    expect(await problemsIn(load({ [variable]: '1s' }))).to.deep.equal([
      `sync.suspectintervall: unknown key; did you mean sync.suspectInterval? (environment ${variable})`,
    ]);
    expect(await problemsIn(load({ [PREFIX]: 'x' }))).to.have.length(1);
  });

  const unknown: readonly (readonly [string, string])[] = [
    ['SYNC_INTERVAL', 'did you mean CONSUMER_SCHEDULER__SYNC__INTERVAL?'],
    ['SYNC_SUSPECT_INTERVAL', 'did you mean CONSUMER_SCHEDULER__SYNC__SUSPECTINTERVAL?'],
    ['sync_Interval', 'did you mean CONSUMER_SCHEDULER__SYNC__INTERVAL?'],
    ['REDIS__URL', 'did you mean CONSUMER_SCHEDULER__REDIS__URL?'],
    ['UUID', 'did you mean CONSUMER_SCHEDULER__UUID?'],
    ['LOCAL_UUID', 'did you mean LOCAL_UUID?'],
    ['CONFIGG', 'did you mean CONSUMER_SCHEDULER_CONFIG?'],
    ['SERVICE', 'the nearest known variable is '],
    ['PORTS', 'the nearest known variable is '],
    ['', 'the nearest known variable is '],
  ];
  for (const [rest, hint] of unknown) {
    it(`names CONSUMER_SCHEDULER_${rest}, which sets nothing, and the nearest one that does`, async () => {
      const variable = `CONSUMER_SCHEDULER_${rest}`;
      const [problem = '', ...others] = await problemsIn(load({ [variable]: 'planted' }));
      expect(problem).to.include(`unknown variable; ${hint}`).and.include(`(environment ${variable})`);
      expect(problem).to.not.include('planted');
      expect(others).to.deep.equal([]);
    });
  }

  it('leaves alone what Kubernetes sets for a service of our name, and what is not ours', async () => {
    const names = ['SERVICE_HOST', 'SERVICE_PORT', 'SERVICE_PORT_HTTP', 'PORT', 'PORT_80_TCP', 'PORT_80_TCP_ADDR'];
    const env = Object.fromEntries(names.map((name) => [`CONSUMER_SCHEDULER_${name}`, 'tcp://10.0.0.1:80']));
    const others = { CONSUMER_SCHEDULER: 'x', CONSUMER_SCHEDULERS_SYNC: 'x', MY_CONSUMER_SCHEDULER_SYNC: 'x' };
    expect(await problemsIn(load({ ...env, ...others, CONSUMER_SCHEDULER_CONFIG: 'x' }))).to.deep.equal([]);
  });

  it('names two variables that name one key', async () => {
    const [one, two] = [`${PREFIX}PUBLICIP__QUORUM`, `${PREFIX}PUBLIC_IP__QUORUM`];
    expect(await problemsIn(load({ [one]: '1', [two]: '2' }))).to.deep.equal([
      `publicIp.quorum: set twice: ${one} names the same key (environment ${two})`,
    ]);
  });

  it('can’t set a member of what is no group in the file', async () => {
    const file = `uuid: ${UUID}\nsync: 5`;
    expect(await problemsIn(load({ [`${PREFIX}SYNC__PORT`]: '81' }, file))).to.deep.equal([
      'sync: expected keys and values (config.yaml:2)',
    ]);
  });

  it('names the variable where its value is no YAML, or uses aliases', async () => {
    const variable = `${PREFIX}PUBLICIP__SOURCES`;
    for (const text of ['[dns', '[&a dns, *a]', '!planted [', '']) {
      const problems = await problemsIn(load({ [variable]: text }));
      expect(problems.join(), text).to.include(`environment ${variable}`).and.not.include('planted');
    }
  });
});
