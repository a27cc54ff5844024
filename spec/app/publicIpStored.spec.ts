import { expect } from 'chai';
import { BehaviorSubject } from 'rxjs';
import { publicIp } from '#src/app/publicIp.js';
import { syncRequest } from '#src/app/requests.js';
import type { Config } from '#src/config/config.js';
import { loadConfig } from '#src/config/load.js';
import type { PostRequest } from '#src/domain/call/http.js';
import type { IpSource } from '#src/domain/ip/source.js';
import type { SchedulerEvent } from '#src/events.js';
import { OnlineEvidence } from '#src/state/onlineEvidence.js';
import { SourceBreaker } from '#src/state/sourceBreaker.js';
import { MemoryOutbox } from '../support/memoryOutbox.js';
import { advance, freeze, settled } from '../support/timers.js';

const clock = { wall: () => Date.now(), steady: () => Date.now(), epoch: () => 0 };
const settings = async (env: NodeJS.ProcessEnv): Promise<Config> => {
  const uuid = { LOCAL_UUID: '00000000-0000-4000-8000-000000000000' };
  return (await loadConfig({ file: undefined, env: { ...uuid, ...env }, cwd: '/nonexistent' })).config;
};

describe('publicIp, with the IP that is stored', () => {
  let timers: ReturnType<typeof freeze>;
  const outbox = new MemoryOutbox([]);
  const known: (string | undefined)[] = [];

  beforeEach(() => {
    timers = freeze();
    known.length = 0;
    outbox.ip = undefined;
  });
  afterEach(() => {
    timers.release();
  });

  /** A source that has the address that is known, or else its own. */
  const source: IpSource = {
    name: 'interface eth0',
    remote: false,
    lookup: (_, ip) => {
      known.push(ip);
      return Promise.resolve({ ok: true, ip: ip ?? '1.1.1.1' });
    },
  };
  const fail = (error: unknown): void => {
    expect.fail(String(error));
  };
  const watching = (config$: BehaviorSubject<Config>): { readonly ips: string[]; readonly stop: () => void } => {
    const ips: string[] = [];
    const note = (event: SchedulerEvent): void => {
      if (event.kind === 'ip.confirmed') ips.push(event.ip);
    };
    const evidence = new OnlineEvidence();
    const asked = { ipSources: () => [source], lookUps: new Map(), sourceBreaker: new SourceBreaker(() => 0.5) };
    const deps = { config$, ...asked, outbox, evidence, clock, random: () => 0.5 };
    const subscription = publicIp(deps).subscribe({ next: note, error: fail });
    return {
      ips,
      stop: () => {
        subscription.unsubscribe();
      },
    };
  };

  it('an override has one spelling, whatever the configuration says, and no poll', async () => {
    const config$ = new BehaviorSubject(await settings({ IP_OVERRIDE: '2001:DB8::1' }));
    const { ips, stop } = watching(config$);
    config$.next(await settings({ IP_OVERRIDE: '2001:db8:0::1' }));
    await settled();
    stop();
    expect(ips).to.deep.equal(['2001:db8::1']);
    expect(known).to.be.empty;
  });

  it('an override is told to consumers in that spelling as well', async () => {
    const sent: string[] = [];
    const post = () => (request: PostRequest) => {
      sent.push(request.body);
      return Promise.resolve({ ok: true, status: 204, body: '' } as const);
    };
    const config = await settings({ IP_OVERRIDE: '2001:DB8::1' });
    syncRequest({ post, clock }, config)({ ip: '1.1.1.1', port: undefined }).subscribe();
    await settled();
    expect(sent.map((body) => JSON.parse(body) as unknown)).to.deep.equal([{ uuid: config.uuid, ip: '2001:db8::1' }]);
  });

  it('a source that has several addresses is told which one was announced, also after a restart', async () => {
    outbox.ip = '8.8.8.8';
    const { ips, stop } = watching(new BehaviorSubject(await settings({})));
    await advance(10_000);
    stop();
    expect(known[0]).to.equal('8.8.8.8');
    expect(new Set(ips)).to.deep.equal(new Set(['8.8.8.8']));
  });

  it('is watched where Redis does not say what was announced', async () => {
    outbox.failing = 1;
    const { ips, stop } = watching(new BehaviorSubject(await settings({})));
    await advance(10_000);
    stop();
    expect(known[0]).to.equal(undefined);
    expect(new Set(ips)).to.deep.equal(new Set(['1.1.1.1']));
  });
});
