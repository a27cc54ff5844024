import { expect } from 'chai';
import { defer, EMPTY, NEVER, Subject } from 'rxjs';
import { configuration } from '#src/app/configuration.js';
import type { Config } from '#src/config/config.js';
import type { ConfigChange } from '#src/sources/configFile.js';
import { configOf } from '../support/deps.js';
import { follow } from '../support/follow.js';

describe('configuration', () => {
  const OTHER = '7890ba5b-117f-4696-b6f7-3ad567202316';
  const initial = configOf();

  /** The configuration and what is told of it, as the changes come. */
  function following() {
    const change$ = new Subject<ConfigChange>();
    const { config$, event$ } = configuration(initial, change$, () => 7);
    const configs = follow(config$);
    const events = follow(event$);
    const change = (keys: object): void => {
      change$.next({ ok: true, config: configOf(keys) });
    };
    const inForce = (): Config | undefined => configs.seen.at(-1);
    return { config$, change$, change, configs, events, inForce };
  }

  it('begins with what the process was started with, and says nothing of it', () => {
    const { configs, events } = following();
    expect(configs.seen).to.deep.equal([initial]);
    expect(events.seen).to.deep.equal([]);
  });

  it('what can change while the process runs is in force at once, and is named', () => {
    const { change, inForce, events } = following();
    change({ sync: { interval: '5s' }, log: { level: 'debug' } });
    expect(inForce()).to.deep.equal(configOf({ sync: { interval: '5s' }, log: { level: 'debug' } }));
    expect(events.seen).to.deep.equal([{ kind: 'config.reloaded', at: 7, changed: ['sync.interval', 'log.level'] }]);
  });

  it('what can’t stays as it was, and is named as well', () => {
    const { change, inForce, events } = following();
    change({
      uuid: OTHER,
      redis: { url: 'redis://elsewhere:6379/0', keyPrefix: 'q:' },
      status: { host: '0.0.0.0', port: 1 },
    });
    expect(inForce()).to.deep.equal(initial);
    expect(events.seen).to.deep.equal([
      {
        kind: 'config.needs-restart',
        at: 7,
        keys: ['uuid', 'redis.url', 'redis.keyPrefix', 'status.host', 'status.port'],
      },
    ]);
  });

  it('says so once what can’t change is as it was at the start again', () => {
    const { change, events } = following();
    change({ status: { port: 1, host: '::1' } });
    change({ status: { port: 1 } });
    change({});
    change({});
    expect(events.seen.map((event) => 'keys' in event && event.keys)).to.deep.equal([
      ['status.host', 'status.port'],
      ['status.port'],
      [],
    ]);
  });

  it('tells the two apart where both change at once', () => {
    const { change, inForce, events } = following();
    change({ uuid: OTHER, availability: { fall: 5 }, status: { enabled: false, port: 1 } });
    expect(inForce()).to.deep.equal(configOf({ availability: { fall: 5 }, status: { enabled: false } }));
    expect(events.seen).to.deep.equal([
      { kind: 'config.reloaded', at: 7, changed: ['availability.fall', 'status.enabled'] },
      { kind: 'config.needs-restart', at: 7, keys: ['uuid', 'status.port'] },
    ]);
  });

  it('compares each change with what is in force, not with the beginning', () => {
    const { change, inForce, events } = following();
    change({ sync: { interval: '5s' } });
    change({ sync: { interval: '5s' }, shutdown: { grace: '1s' } });
    change({});
    expect(inForce()).to.deep.equal(initial);
    expect(events.seen.map((event) => 'changed' in event && event.changed)).to.deep.equal([
      ['sync.interval'],
      ['shutdown.grace'],
      ['sync.interval', 'shutdown.grace'],
    ]);
  });

  it('says nothing of a file that was written over with the same', () => {
    const { change, inForce, events } = following();
    change({});
    expect(inForce()).to.deep.equal(initial);
    expect(events.seen).to.deep.equal([]);
  });

  it('what is invalid changes nothing, and is told', () => {
    const { change, change$, inForce, events } = following();
    change({ sync: { interval: '5s' } });
    change$.next({ ok: false, problems: ['syncc: unknown key'] });
    expect(inForce()).to.deep.equal(configOf({ sync: { interval: '5s' } }));
    expect(events.seen.at(-1)).to.deep.equal({ kind: 'config.rejected', at: 7, problems: ['syncc: unknown key'] });
  });

  it('says that it is valid again, even where it is what it was before', () => {
    const { change, change$, events } = following();
    change$.next({ ok: false, problems: ['syncc: unknown key'] });
    change({});
    change({});
    expect(events.seen.slice(1)).to.deep.equal([{ kind: 'config.reloaded', at: 7, changed: [] }]);
  });

  it('whoever comes later gets what is in force', () => {
    const { change, config$ } = following();
    change({ sync: { interval: '5s' } });
    expect(follow(config$).seen).to.deep.equal([configOf({ sync: { interval: '5s' } })]);
  });

  it('reads the changes once, however many listen', () => {
    let subscriptions = 0;
    const change$ = defer(() => {
      subscriptions += 1;
      return NEVER;
    });
    const { config$, event$ } = configuration(initial, change$, () => 7);
    follow(config$);
    follow(config$);
    follow(event$);
    expect(subscriptions).to.equal(1);
  });

  it('stays in force where no change can come', () => {
    const { config$, event$ } = configuration(initial, EMPTY, () => 7);
    const configs = follow(config$);
    expect(configs).to.deep.include({ seen: [initial], end: undefined });
    expect(follow(event$).seen).to.deep.equal([]);
  });
});
