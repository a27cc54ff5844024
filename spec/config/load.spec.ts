import { expect } from 'chai';
import { copyFile, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findConfigFile } from '#src/config/file.js';
import { loadConfig, rereading } from '#src/config/load.js';
import { FOLDER, inFolder, loadText, problemsIn, UUID } from './support.js';

const fixture = (name: string): string => fileURLToPath(new URL(`../../../spec/fixtures/tls/${name}`, import.meta.url));

describe('loadConfig', () => {
  it('fills in every default of the contract', async () => {
    const { config } = await loadText(`uuid: ${UUID}`);
    const target = { timeoutMs: 5_000, scheme: 'http', port: 80, headers: {} };
    expect(config).to.deep.equal({
      uuid: UUID,
      redis: {
        url: 'redis://127.0.0.1:6379/0',
        sentinel: undefined,
        cluster: undefined,
        username: undefined,
        password: undefined,
        database: 0,
        tls: { ca: undefined, cert: undefined, key: undefined },
        keyPrefix: 'p2p:',
        dataDir: join(FOLDER, 'data'),
      },
      sync: {
        ...target,
        concurrency: 64,
        path: '/sync',
        intervalMs: 60_000,
        jitter: 0.05,
        spread: 0,
        suspectIntervalMs: 15_000,
        unavailable: { intervalMs: 60_000, concurrency: 32 },
        pending: { concurrency: 64 },
      },
      availability: { fall: 3, rise: 1 },
      publicIp: {
        override: undefined,
        intervalMs: 120_000,
        timeoutMs: 5_000,
        family: 'ipv4',
        quorum: 2,
        confirmations: 3,
        sources: ['dns', 'https'],
      },
      announce: {
        ...target,
        concurrency: 32,
        path: '/ip',
        retry: { initialMs: 5_000, maxMs: 600_000 },
        newcomers: false,
        refreshMs: 'never',
      },
      http: {
        client: 'node-fetch',
        tls: { ca: undefined, cert: undefined, key: undefined },
        signing: { secret: undefined },
      },
      network: { allow: ['public'] },
      status: {
        enabled: true,
        host: '127.0.0.1',
        port: 9_464,
        token: undefined,
        allowedHosts: [],
        basePath: '/',
      },
      history: { hours: 168, days: 90 },
      replicas: {
        ...{ enabled: false, name: undefined, shares: 64, lead: true },
        ...{ leaseMs: 10_000, onForeign: 'standby' as const },
      },
      notify: [],
      log: { level: 'info', format: 'auto' },
      shutdown: { graceMs: 10_000 },
    });
  });

  it('reads JSON as well, and tells which keys were set', async () => {
    const { config, set } = await loadText(JSON.stringify({ uuid: UUID, sync: { interval: '90s', port: 81 } }));
    expect(config.sync).to.include({ intervalMs: 90_000, port: 81 });
    expect(set).to.deep.equal(['uuid', 'sync.interval', 'sync.port']);
  });

  it('keeps UUIDs in lower case', async () => {
    expect((await loadText(`uuid: ${UUID.toUpperCase()}`)).config.uuid).to.equal(UUID);
  });

  describe('the file', () => {
    const find = (folder: string, file?: string, env: NodeJS.ProcessEnv = {}) =>
      findConfigFile({ file, env, cwd: folder });

    it('is the one of the option, else of the variable, else the one in the folder', () =>
      inFolder(async (folder) => {
        const env = { CONSUMER_SCHEDULER_CONFIG: 'b.yaml' };
        await writeFile(join(folder, 'consumer-scheduler.yaml'), '');
        expect(await find(folder, 'a.yaml', env)).to.equal(join(folder, 'a.yaml'));
        expect(await find(folder, undefined, env)).to.equal(join(folder, 'b.yaml'));
        expect(await find(folder)).to.equal(join(folder, 'consumer-scheduler.yaml'));
      }));

    it('need not be where nobody named one', () =>
      inFolder(async (cwd) => {
        const { config } = await loadConfig({ file: undefined, env: { LOCAL_UUID: UUID }, cwd });
        expect(config.uuid).to.equal(UUID);
      }));

    it('is named as missing, with the places that were looked at and what to do, where it is what has the uuid', () =>
      inFolder(async (cwd) => {
        const problems = await problemsIn(loadConfig({ file: undefined, env: {}, cwd }));
        expect(problems).to.deep.equal([
          `no configuration file found: looked for ${cwd}/consumer-scheduler.yaml and ` +
            '/etc/consumer-scheduler/config.yaml; write one with `consumer-scheduler init`, name another with --config, or set LOCAL_UUID',
          'uuid: required: expected a UUID such as 2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11',
        ]);
      }));

    it('is not missing where something else is wrong', () =>
      inFolder(async (cwd) => {
        const env = { LOCAL_UUID: UUID, LOG_LEVEL: 'loud' };
        expect(await problemsIn(loadConfig({ file: undefined, env, cwd }))).to.deep.equal([
          'log.level: expected one of error, warn, info, debug (environment LOG_LEVEL)',
        ]);
      }));

    it('has to be where somebody did', () =>
      inFolder(async (cwd) => {
        const env = { LOCAL_UUID: UUID };
        const absent = ['no such file (absent.yaml)'];
        expect(await problemsIn(loadConfig({ file: 'absent.yaml', env, cwd }))).to.deep.equal(absent);
        const named = { ...env, CONSUMER_SCHEDULER_CONFIG: 'absent.yaml' };
        expect(await problemsIn(loadConfig({ file: undefined, env: named, cwd }))).to.deep.equal(absent);
      }));

    it('is one clear error where it is a folder, a link in a circle, or beneath a file', () =>
      inFolder(async (cwd) => {
        await mkdir(join(cwd, 'folder'));
        await symlink('circle', join(cwd, 'circle'));
        const problems = (file: string) => problemsIn(loadConfig({ file, env: {}, cwd }));
        expect(await problems('folder')).to.deep.equal(['is a folder, not a file (folder)']);
        await writeFile(join(cwd, 'file'), '');
        expect(await problems('file/below')).to.deep.equal(['no such file (below)']);
        expect(await problems('circle')).to.deep.equal(['could not be read (ELOOP) (circle)']);
      }));

    const faults: readonly (readonly [string, string | Uint8Array, string])[] = [
      ['a scalar', 'hello', 'expected keys and values at the top level (config.yaml)'],
      ['a list', '- uuid', 'expected keys and values at the top level (config.yaml)'],
      ['no YAML', 'uuid: "planted', 'not valid YAML or JSON: missing char (config.yaml:1:15)'],
      ['a key twice', 'log: {}\nlog: {}', 'not valid YAML or JSON: duplicate key (config.yaml:2:1)'],
      ['two documents', 'log: {}\n---\nlog: {}', 'not valid YAML or JSON: multiple docs (config.yaml:2:1)'],
      ['over 1 MiB', '#'.repeat(1_048_577), 'larger than 1 MiB (config.yaml)'],
      ['no UTF-8', Uint8Array.of(0xff, 0xfe, 0x75), 'not text in UTF-8 (config.yaml)'],
      [
        'using merge keys',
        'sync: &a {timeout: 1s}\nannounce:\n  <<: *a',
        'merge keys (<<) are not supported, since YAML 1.2 has none: write the keys out, or use an alias for a whole ' +
          'group (config.yaml:3:3)',
      ],
    ];
    for (const [name, source] of [
      ['empty', ''],
      ['only comments', '# uuid: x\n'],
      ['null', 'null'],
      ['an empty group', '{}'],
    ] as const) {
      it(`is said to have no settings where it is ${name}`, async () => {
        expect(await problemsIn(loadText(source))).to.deep.equal([
          'the file has no settings (config.yaml)',
          'uuid: required: expected a UUID such as 2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11',
        ]);
        expect((await loadText(source, { LOCAL_UUID: UUID })).config.uuid).to.equal(UUID);
      });
    }
    for (const [name, source, message] of faults) {
      it(`is one clear error where it is ${name}`, async () => {
        expect(await problemsIn(loadText(source))).to.deep.equal([message]);
      });
    }

    it('is an error where its aliases would fill the memory, or its nesting the stack', async () => {
      const line = (name: string, of: string): string => `${name}: &${name} [${Array(10).fill(of).join(',')}]`;
      const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
      const bomb = names.map((name, n) => line(name, n === 0 ? 'x' : `*${names[n - 1] ?? ''}`));
      const [problem] = await problemsIn(loadText(bomb.join('\n')));
      expect(problem).to.match(/^too many aliases/);
      for (const [open, close] of [
        ['[', ']'],
        ['{a: ', '}'],
      ] as const) {
        const deep = await problemsIn(loadText(`sync: ${open.repeat(50_000)}${close.repeat(50_000)}`));
        expect(deep.join()).to.match(/^not valid YAML or JSON: nested too deeply \(config\.yaml:1:\d+\)$/);
      }
    });

    it('may use aliases, and the environment changes only the key that it names', async () => {
      const { config } = await loadText(`uuid: ${UUID}\nsync: &same {timeout: 1s}\nannounce: *same`, {
        CONSUMER_SCHEDULER__SYNC__TIMEOUT: '2s',
      });
      expect([config.sync.timeoutMs, config.announce.timeoutMs]).to.deep.equal([2_000, 1_000]);
    });
  });

  describe('a relative path', () => {
    const source = `uuid: ${UUID}\nredis: {url: rediss://h, dataDir: store, tls: {ca: ca.pem}}\nhttp: {tls: {ca: ca.pem}}`;
    const place = async (folder: string): Promise<void> => {
      await mkdir(folder);
      await copyFile(fixture('ca.pem'), join(folder, 'ca.pem'));
      await writeFile(join(folder, 'consumer-scheduler.yaml'), source);
    };

    it('counts from the folder of the file, wherever the program was started, and however the file was found', () =>
      inFolder(async (cwd) => {
        const folder = join(cwd, 'settings');
        await place(folder);
        await mkdir(join(cwd, 'elsewhere'));
        await symlink('../settings/consumer-scheduler.yaml', join(cwd, 'elsewhere', 'link.yaml'));
        await copyFile(fixture('ca.pem'), join(cwd, 'elsewhere', 'ca.pem'));
        for (const [from, file, counted] of [
          [cwd, 'settings/consumer-scheduler.yaml', folder],
          [join(cwd, 'elsewhere'), '../settings/consumer-scheduler.yaml', folder],
          [folder, undefined, folder],
          // The folder that the operator knows, not that of the target.
          [cwd, 'elsewhere/link.yaml', join(cwd, 'elsewhere')],
        ] as const) {
          const { config, declared } = await loadConfig({ file, env: {}, cwd: from });
          expect(config.redis.dataDir).to.equal(join(counted, 'store'));
          expect(declared.redis.tls.ca).to.equal(join(counted, 'ca.pem'));
          expect(declared.http.tls.ca).to.equal(join(counted, 'ca.pem'));
          expect(config.redis.tls.ca).to.match(/^-----BEGIN/);
        }
      }));

    it('of the environment counts from there, too, and without a file from where the program was started', () =>
      inFolder(async (cwd) => {
        const env = { LOCAL_UUID: UUID, CONSUMER_SCHEDULER__REDIS__DATADIR: '../store' };
        expect((await loadConfig({ file: undefined, env, cwd })).config.redis.dataDir).to.equal(
          resolve(cwd, '../store'),
        );
        const folder = join(cwd, 'settings');
        await place(folder);
        const file = join(folder, 'consumer-scheduler.yaml');
        expect((await loadConfig({ file, env, cwd })).config.redis.dataDir).to.equal(join(cwd, 'store'));
      }));

    it('is not made of an absolute one', async () => {
      const { config } = await loadText(`uuid: ${UUID}\nredis: {dataDir: /var/lib/store}`);
      expect(config.redis.dataDir).to.equal('/var/lib/store');
    });
  });

  describe('what is wrong', () => {
    it('is told at once, key by key, with the line or the variable', async () => {
      const source = [
        `uuid: not-one`,
        `sync:`,
        `  intervall:`,
        `    5s`,
        `  concurrency: 0`,
        `suspectInterval: 3s`,
        `publicIp: {sources: [dns, {url: 'ftp://x'}, {urll: x}, dns]}`,
        `log: loud`,
      ].join('\n');
      const problems = await problemsIn(loadText(source, { CONSUMER_SCHEDULER__ANNOUNCE__PORT: '0' }));
      expect(problems).to.have.members([
        'uuid: expected a UUID such as 2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11 (config.yaml:1)',
        'sync.concurrency: expected a whole number from 1 to 10000 (config.yaml:5)',
        'sync.intervall: unknown key; did you mean sync.interval? (config.yaml:3)',
        'publicIp.sources.1.url: expected a URL beginning with http:// or https:// (config.yaml:7)',
        'publicIp.sources.2.url: expected a URL beginning with http:// or https:// (config.yaml:7)',
        'publicIp.sources.2.urll: unknown key; did you mean publicIp.sources.2.url? (config.yaml:7)',
        'publicIp.sources.3: expected each source, and each host, only once, since each has one vote (config.yaml:7)',
        'announce.port: expected a whole number from 1 to 65535 (environment CONSUMER_SCHEDULER__ANNOUNCE__PORT)',
        'log: expected keys and values (config.yaml:8)',
        'suspectInterval: unknown key; did you mean sync.suspectInterval? (config.yaml:6)',
      ]);
    });

    it('names the nearest known key, whatever was written', async () => {
      const hintFor = async (key: string) => (await problemsIn(loadText(`uuid: ${UUID}\n${key}: 1`)))[0];
      expect(await hintFor('reddis')).to.equal('reddis: unknown key; did you mean redis? (config.yaml:2)');
      expect(await hintFor('spread')).to.equal('spread: unknown key; did you mean sync.spread? (config.yaml:2)');
      expect(await hintFor('qqqqqqqqqqqq')).to.match(/^qqqqqqqqqqqq: unknown key; the nearest known key is \w+/);
    });

    it('names some of very many unknown keys, and does not take long over it', async () => {
      const many = Array.from({ length: 100_000 }, (_, n) => `k${n}: 1`);
      const problems = await problemsIn(loadText([`uuid: ${UUID}`, ...many].join('\n')));
      expect(problems).to.have.length(21);
      expect(problems.at(-1)).to.equal('99980 more unknown keys');
    });

    it('keeps a hostile key to one short line', async () => {
      const [problem = ''] = await problemsIn(
        loadText(JSON.stringify({ uuid: UUID, [`\u001b[2J\n${'x'.repeat(5_000)}`]: 1 })),
      );
      expect(problem)
        .to.match(/^…: unknown key; /)
        .and.have.length.below(250);
      expect(problem).to.not.match(/\p{Cc}/u);
    });

    it('shows of a key no more than looks like one: it may be a secret in the wrong place', async () => {
      const sources = [
        'sync: {headers: {authorization Bearer planted}}',
        'sync: {headers: {"authorization=planted": x}}',
        'redis: {redis://u:planted@h}',
        'sync: {headers: {authorization: *planted}}',
      ];
      for (const source of sources) {
        const problems = await problemsIn(loadText(`uuid: ${UUID}\n${source}`));
        expect(problems.join(), source)
          .to.match(/\(config\.yaml.*\)|alias/)
          .and.not.include('planted');
      }
      const variable = { CONSUMER_SCHEDULER__SYNC__HEADERS: '{authorization=Bearer planted}' };
      expect((await problemsIn(loadText(`uuid: ${UUID}`, variable))).join())
        .to.match(/HEADERS/)
        .and.not.include('planted');
    });

    it('is told where a group is a set, an ordered map, a date or bytes, which have no keys', async () => {
      for (const value of ['!!set {porrt}', '!!omap [porrt: 1]', '!!timestamp 2001-12-14', '!!binary ""']) {
        const problems = await problemsIn(loadText(`uuid: ${UUID}\nsync: ${value}`));
        expect(problems, value).to.have.length(1);
        expect(problems[0]).to.match(/tag.*\(config\.yaml:2:7\)$/);
      }
    });

    it('is told where a key is no text, with its line', async () => {
      for (const key of ['? [a, b]\n', '~', '']) {
        const problems = await problemsIn(loadText(`uuid: ${UUID}\n${key}: 1`));
        expect(problems.join(), key).to.match(/\(config\.yaml:2(:\d+)?\)$/);
      }
    });

    it('is told in one line where the environment has a hostile name', async () => {
      const name = `CONSUMER_SCHEDULER__A\n\u001b[2J${'x'.repeat(5_000)}`;
      const [problem = ''] = await problemsIn(loadText(`uuid: ${UUID}`, { [name]: '1' }));
      expect(problem)
        .to.match(/^\P{Cc}+$/u)
        .and.have.length.below(500);
    });

    const heavy: readonly (readonly [string, string])[] = [
      ['headers that are none', `sync:\n  headers:\n${'    a b%: x\n'.repeat(30_000)}`],
      ['keys within keys', '? '.repeat(300)],
    ];
    for (const [what, source] of heavy) {
      it(`is found within seconds where the file is full of ${what}`, async () => {
        let n = 0;
        const startedAt = performance.now();
        expect(await problemsIn(loadText(source.replace(/%/g, () => String((n += 1)))))).to.not.be.empty;
        expect(performance.now() - startedAt).to.be.lessThan(5_000);
      }).timeout(120_000);
    }

    it('is found where an alias stands in for a group', async () => {
      const problems = await problemsIn(loadText(`uuid: ${UUID}\nsync: &same {port: 0}\nannounce: *same`));
      expect(problems.map((line) => line.replace(/: .*\(/, ' ('))).to.deep.equal([
        'sync.port (config.yaml:2)',
        'announce.port (config.yaml:2)',
      ]);
    });

    it('pollutes no prototype', async () => {
      const problems = await problemsIn(
        loadText(
          `uuid: ${UUID}\n__proto__: {polluted: 1}\nsync: {__proto__: {port: 5}}\nconstructor: {prototype: {a: 1}}`,
        ),
      );
      expect(problems.map((line) => line.split(':')[0])).to.have.members([
        '__proto__',
        'sync.__proto__',
        'constructor',
      ]);
      expect({}).to.not.have.property('polluted');
    });
  });

  describe('read again', () => {
    const usual = 'consumer-scheduler.yaml';
    const env = { LOCAL_UUID: UUID };

    it('is the file that was found at the start, also where it was not named', () =>
      inFolder(async (cwd) => {
        const options = { file: undefined, env, cwd };
        await writeFile(join(cwd, usual), 'sync: {concurrency: 1}');
        const before = await loadConfig(options);
        await writeFile(join(cwd, usual), 'sync: {concurrency: 2}');
        expect((await rereading(before, options)()).config.sync.concurrency).to.equal(2);
        await rm(join(cwd, usual));
        expect(await problemsIn(rereading(before, options)())).to.deep.equal([`no such file (${usual})`]);
      }));

    it('is none where none was found at the start, and what comes later counts for nothing', () =>
      inFolder(async (cwd) => {
        const options = { file: undefined, env, cwd };
        const before = await loadConfig(options);
        await writeFile(join(cwd, usual), 'sync: {concurrency: 2}');
        const { config, file } = await rereading(before, options)();
        expect([config.sync.concurrency, file]).to.deep.equal([64, undefined]);
      }));

    it('names what was changed in the file and has no effect, since a variable sets it', () =>
      inFolder(async (cwd) => {
        const variables = { CONSUMER_SCHEDULER__SYNC__INTERVAL: '10s', CONSUMER_SCHEDULER__ANNOUNCE: '{timeout: 1s}' };
        const options = { file: 'a.yaml', env: { ...env, ...variables }, cwd };
        const write = (text: string) => writeFile(join(cwd, 'a.yaml'), text);
        await write('sync: {interval: 20s, timeout: 1s}');
        const first = await loadConfig(options);
        expect(first.warnings).to.deep.equal([]);
        const reread = rereading(first, options);
        const told = async (text: string) => {
          await write(text);
          return (await reread()).warnings;
        };
        const none = "the file's value has no effect";
        expect(await told('sync: {interval: 20s, timeout: 2s}')).to.deep.equal([]);
        expect(await told('sync: {interval: 30s, timeout: 2s}')).to.deep.equal([
          `sync.interval is set by CONSUMER_SCHEDULER__SYNC__INTERVAL; ${none}`,
        ]);
        expect(await told('sync: {interval: 30s, timeout: 3s}')).to.deep.equal([]);
        expect(await told('{announce: {retry: {max: 1h}}, uuid: planted}')).to.deep.equal([
          `uuid is set by LOCAL_UUID; ${none}`,
          `announce is set by CONSUMER_SCHEDULER__ANNOUNCE; ${none}`,
        ]);
      }));

    for (const [what, empty] of [
      ['empty', ''],
      ['only comments', '# nothing\n'],
    ] as const) {
      it(`has settings where it had some: ${what} is an error, and not all defaults`, () =>
        inFolder(async (cwd) => {
          const options = { file: 'a.yaml', env, cwd };
          const write = (text: string) => writeFile(join(cwd, 'a.yaml'), text);
          await write('sync: {concurrency: 1}');
          const before = await loadConfig(options);
          await write(empty);
          expect(await problemsIn(rereading(before, options)())).to.deep.equal(['the file has no settings (a.yaml)']);
          const always = await loadConfig(options);
          const reread = rereading(always, options);
          await write('sync: {concurrency: 1}');
          expect((await reread()).config.sync.concurrency).to.equal(1);
          for (const twice of [1, 2]) {
            await write(empty);
            expect(await problemsIn(reread()), String(twice)).to.deep.equal(['the file has no settings (a.yaml)']);
          }
          expect((await rereading(always, options)()).config.sync.concurrency, 'which it was before').to.equal(64);
        }));
    }
  });

  describe('what is valid and likely to be a mistake', () => {
    const warningsOf = async (source: string, env: NodeJS.ProcessEnv = {}) =>
      (await loadText(`uuid: ${UUID}\n${source}`, env)).warnings.map((line) => line.replace(/\(\/\S*\//, '('));

    it('is a duration that is a small number, since numbers are milliseconds', async () => {
      expect(await warningsOf('sync: {interval: 60, timeout: 999, unavailable: {interval: 90}}')).to.deep.equal([
        'sync.interval: 60 is 60 milliseconds; write 60s for seconds, or 60ms (config.yaml:2)',
        'sync.timeout: 999 is 999 milliseconds; write 999s for seconds, or 999ms (config.yaml:2)',
        'sync.unavailable.interval: 90 is 90 milliseconds; write 90s for seconds, or 90ms (config.yaml:2)',
      ]);
      expect(await warningsOf('', { CONSUMER_SCHEDULER__PUBLICIP__INTERVAL: '120' })).to.deep.equal([
        'publicIp.interval: 120 is 120 milliseconds; write 120s for seconds, or 120ms ' +
          '(environment CONSUMER_SCHEDULER__PUBLICIP__INTERVAL)',
      ]);
    });

    it('is none of a duration with a unit, of a large number, of no time at all, nor of another number', async () => {
      const source = 'sync: {interval: 60ms, timeout: 1000, port: 81, concurrency: 5}\nshutdown: {grace: 0}';
      expect(await warningsOf(`${source}\nannounce: {refresh: never, headers: {aMs: "5"}}`)).to.deep.equal([]);
    });

    it('is a status server that others can reach, and that asks for no token', async () => {
      for (const host of ['0.0.0.0', '::', '[::]', '10.0.0.5', 'node7.lan', '128.0.0.1', 'localhost.evil.example']) {
        expect(await warningsOf(`status: {host: "${host}"}`), host).to.deep.equal([
          `status.host: "${host}" is not loopback, so others may read the status: set status.token (config.yaml:2)`,
        ]);
      }
      for (const host of ['127.0.0.1', '127.1.2.3', '::1', '[::1]', 'localhost', 'LOCALHOST']) {
        expect(await warningsOf(`status: {host: "${host}"}`), host).to.deep.equal([]);
      }
      expect(await warningsOf('status: {host: 0.0.0.0, token: sixteen-or-more-x}')).to.deep.equal([]);
      expect(await warningsOf('status: {host: 0.0.0.0, enabled: false}')).to.deep.equal([]);
    });

    it('is a text in quotes from the environment, which does not take them off', async () => {
      const variable = 'CONSUMER_SCHEDULER__HTTP__SIGNING__SECRET';
      for (const quote of ['"', "'"]) {
        expect(await warningsOf('', { [variable]: `${quote}planted planted planted${quote}` })).to.deep.equal([
          `http.signing.secret: the quotes around the value are part of it (environment ${variable})`,
        ]);
      }
      expect(await warningsOf('', { [variable]: '"planted planted planted' })).to.deep.equal([]);
      expect(await warningsOf('http: {signing: {secret: "\'planted planted planted\'"}}')).to.deep.equal([]);
    });
  });

  it('names at once all that is wrong, in whichever group, and what the rest of it contradicts', async () => {
    const lines = [
      'uuid: nobody',
      'redis: {url: "redis://h", username: me, database: 2, dataDir: "", tls: {ca: absent.pem}}',
      'http: {client: carrier, tls: {ca: absent.pem, cert: absent.pem}}',
      'publicIp: {sources: [dns, dns, {url: 5}]}',
      'announce: {retry: {initial: 2s, max: 1s, other: 1}}',
      'notify: [{webhook: "https://ntfy.sh", events: [], template: ntfy}]',
    ];
    const problems = await problemsIn(loadText(lines.join('\n')));
    expect(problems.map((line) => line.replace(/: .*\(/, ' ('))).to.have.members([
      'uuid (config.yaml:1)',
      'redis.dataDir (config.yaml:2)',
      'redis.database (config.yaml:2)',
      'redis.tls (config.yaml:2)',
      'http.client (config.yaml:3)',
      'http.tls.key (config.yaml:3)',
      'http.tls.ca (config.yaml:3)',
      'http.tls.cert (config.yaml:3)',
      'publicIp.sources.1 (config.yaml:4)',
      'publicIp.sources.2.url (config.yaml:4)',
      'announce.retry.max (config.yaml:5)',
      'announce.retry.other (config.yaml:5)',
      'notify.0.events (config.yaml:6)',
      'notify.0.webhook (config.yaml:6)',
    ]);
    const both = await problemsIn(
      loadText(`uuid: ${UUID}\nredis: {url: "rediss://h", tls: {ca: a.pem}}\nhttp: {tls: {ca: b.pem}}`),
    );
    expect(both.map((line) => line.split(':')[0])).to.deep.equal(['redis.tls.ca', 'http.tls.ca']);
  });

  it('names an unknown key within an item of a list, and the nearest known one', async () => {
    const url = 'https://h.example/planted';
    const cases: readonly (readonly [string, readonly string[]])[] = [
      [
        `notify: [{webhook: "${url}", events: [peer-down], heders: {}}]`,
        ['notify.0.heders: unknown key; did you mean notify.0.headers?'],
      ],
      [
        `notify: [{ping: "${url}"}, {webhok: "${url}", events: [peer-down]}]`,
        [
          'notify.1.webhook: expected a URL beginning with http:// or https://',
          'notify.1.webhok: unknown key; did you mean notify.1.webhook?',
        ],
      ],
      [
        `notify: [{pinq: "${url}"}]`,
        [
          'notify.0.ping: expected a URL beginning with http:// or https://',
          'notify.0.pinq: unknown key; did you mean notify.0.ping?',
        ],
      ],
      [
        'publicIp: {sources: [{interfac: eth0}]}',
        [
          'publicIp.sources.0.interface: expected the name of an interface',
          'publicIp.sources.0.interfac: unknown key; did you mean publicIp.sources.0.interface?',
        ],
      ],
      [
        `publicIp: {sources: [dns, {url: "${url}", urll: 1}]}`,
        ['publicIp.sources.1.urll: unknown key; did you mean publicIp.sources.1.url?'],
      ],
      // Two forms in one.
      [
        `publicIp: {sources: [{url: "${url}", interface: eth0}]}`,
        ['publicIp.sources.0: expected dns, https, {url: …} or {interface: …}'],
      ],
    ];
    for (const [source, expected] of cases) {
      const problems = await problemsIn(loadText(`uuid: ${UUID}\n${source}`));
      expect(problems.map((line) => line.replace(/ \(config.*/, ''))).to.deep.equal(expected);
    }
  });

  it('says of no key that it contradicts one that is not valid', async () => {
    for (const redis of [
      '{cluster: [planted], database: 1, keyPrefix: "{p}"}',
      '{url: planted, tls: {ca: "/planted"}}',
      '{sentinel: {name: x, nodes: [planted]}, database: 3}',
      '{url: planted, username: me}',
    ]) {
      const problems = await problemsIn(loadText(`uuid: ${UUID}\nredis: ${redis}`));
      expect(
        problems.filter((line) => /redis\.(url|tls:|username|sentinel\.database)/.test(line)),
      ).to.have.length.below(2);
      expect(problems.join()).to.not.match(/expected none|in redis\.url/);
    }
  });

  describe('the PEM files', () => {
    const withTls = (tls: object) => loadText(JSON.stringify({ uuid: UUID, http: { tls } }));

    it('are read with the configuration', async () => {
      const ca = fixture('ca.pem');
      const { config, declared } = await withTls({ ca, cert: fixture('client.pem'), key: fixture('client.key') });
      expect(config.http.tls.ca).to.match(/^-----BEGIN CERTIFICATE-----/);
      expect(declared.http.tls.ca).to.equal(ca);
    });

    it('have to be what they say, and to belong together', () =>
      inFolder(async (folder) => {
        const broken = join(folder, 'broken.pem');
        await writeFile(broken, '-----BEGIN CERTIFICATE-----\nplanted\n-----END CERTIFICATE-----\n');
        const said = ['http.tls: expected certificates and a key, in PEM, that belong together (config.yaml:1)'];
        expect(await problemsIn(withTls({ ca: broken }))).to.deep.equal(said);
        const stranger = { cert: fixture('client.pem'), key: fixture('server.key') };
        expect(await problemsIn(withTls(stranger))).to.deep.equal(said);
      }));

    it('are named where they can’t be used', () =>
      inFolder(async (folder) => {
        const cert = join(folder, 'cert.pem');
        await writeFile(cert, 'planted');
        const tls = { cert, key: folder };
        expect(await problemsIn(loadText(JSON.stringify({ uuid: UUID, http: { tls } })))).to.deep.equal([
          'http.tls.cert: expected a PEM file (config.yaml:1)',
          'http.tls.key: expected a file that can be read: is a folder, not a file (config.yaml:1)',
        ]);
      }));
  });
});
