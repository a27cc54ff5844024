import { expect } from 'chai';
import { EMPTY, firstValueFrom, lastValueFrom, merge, of, Subject, takeUntil, toArray } from 'rxjs';
import { configuration } from '#src/app/configuration.js';
import { schema, type Config } from '#src/config/config.js';
import type { ConfigChange } from '#src/sources/configFile.js';
import { UUID } from '../config/support.js';

const OTHER = '00000000-0000-4000-8000-000000000000';
const load = (config: object): Config => schema.parse({ uuid: UUID, ...config });

/** The configuration in force after the changes, and what they are reported as. */
async function follow(initial: Config, ...changes: ConfigChange[]) {
  const change$ = new Subject<ConfigChange>();
  const end$ = new Subject<void>();
  const { config$, event$ } = configuration(initial, change$, () => 0);
  const config = lastValueFrom(config$.pipe(takeUntil(end$)));
  const events = firstValueFrom(event$.pipe(takeUntil(end$), toArray()));
  for (const change of changes) change$.next(change);
  end$.next();
  return { config: await config, events: await events };
}
const changed = (config: object): ConfigChange => ({ ok: true, config: load(config) });

describe('configuration', () => {
  it('keeps what is fixed for as long as the process runs, names it, and takes the rest', async () => {
    const initial = load({ status: { enabled: true } });
    const { config, events } = await follow(
      initial,
      changed({
        uuid: OTHER,
        redis: { url: 'rediss://h', keyPrefix: 'q:', tls: { ca: 'x' } },
        status: { host: '::1', port: 1 },
        sync: { concurrency: 1 },
      }),
    );
    expect(config).to.deep.equal(load({ sync: { concurrency: 1 } }));
    expect(events).to.deep.equal([
      { kind: 'config.reloaded', at: 0, changed: ['sync.concurrency'] },
      {
        kind: 'config.needs-restart',
        at: 0,
        keys: ['uuid', 'redis.url', 'redis.tls.ca', 'redis.keyPrefix', 'status.host', 'status.port'],
      },
    ]);
  });

  it('names what needs a restart again with the next change, and no longer once it is as before', async () => {
    const { events } = await follow(
      load({}),
      changed({ uuid: OTHER }),
      changed({ uuid: OTHER, sync: { concurrency: 1 } }),
      changed({ sync: { concurrency: 1 } }),
    );
    expect(events.map(({ kind }) => kind)).to.deep.equal([
      'config.needs-restart',
      'config.reloaded',
      'config.needs-restart',
    ]);
  });

  it('ignores what is not valid, and says why', async () => {
    const { config, events } = await follow(load({}), { ok: false, problems: ['why'] });
    expect(config).to.deep.equal(load({}));
    expect(events).to.deep.equal([{ kind: 'config.rejected', at: 0, problems: ['why'] }]);
  });

  it('is the initial one where nothing changes', async () => {
    const { config$, event$ } = configuration(load({}), EMPTY, () => 0);
    expect(await firstValueFrom(merge(config$, event$))).to.deep.equal(load({}));
    expect(
      await firstValueFrom(configuration(load({}), of(changed({})), () => 0).event$.pipe(toArray())),
    ).to.deep.equal([]);
  });
});
