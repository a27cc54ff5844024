import { expect } from 'chai';
import { lastValueFrom, NEVER, of, toArray } from 'rxjs';
import type { Reply } from '#src/domain/call/http.js';
import type { Lease, Outbox, Settlement } from '#src/domain/announce/outbox.js';
import type { SchedulerEvent } from '#src/events.js';
import { attempting } from '#src/streams/ip/attempt.js';

describe('attempting', () => {
  const claim: Extract<Lease, { kind: 'due' }> = {
    kind: 'due',
    uuid: 'p',
    ip: '9.9.9.9',
    stored: { ip: '1.1.1.1', port: null },
    attempts: 2,
    error: null,
  };

  async function attempt(
    reply$: ReturnType<Parameters<typeof attempting>[0]['request']>,
    over: { claim?: Partial<typeof claim>; pending?: number; failing?: number } = {},
  ) {
    const settled: Settlement[] = [];
    let failing = over.failing ?? 0;
    const outbox: Outbox = {
      enqueue: () => Promise.reject(new Error('not used')),
      lease: () => Promise.reject(new Error('not used')),
      settle: (settlement) => {
        if (failing > 0) {
          failing -= 1;
          return Promise.reject(new Error('away'));
        }
        settled.push(settlement);
        return Promise.resolve({ pending: over.pending ?? 1 });
      },
    };
    const asked: string[] = [];
    const event$ = attempting({
      outbox,
      request: ({ ip }, ours) => {
        asked.push(`${ip} ${ours}`);
        return reply$;
      },
      timeoutMs: 20,
      retry: { initialMs: 1_000, maxMs: 60_000 },
      allow: ['public'],
      wall: () => 7,
      steady: () => 0,
      random: () => 0.5,
      explain: String,
    })({ ...claim, ...over.claim });
    const events = await lastValueFrom(event$.pipe(toArray()), { defaultValue: [] as SchedulerEvent[] });
    return { events, settled, asked };
  }

  const reply = (over: Partial<Extract<Reply, { ok: false }>>) => of<Reply>({ ok: false, reason: 'http-503', ...over });

  it('a 2xx takes the producer off the list', async () => {
    const { events, settled, asked } = await attempt(of<Reply>({ ok: true, status: 204, body: '' }));
    expect(asked).to.deep.equal(['1.1.1.1 9.9.9.9']);
    expect(settled).to.have.length(1);
    expect(settled[0]).to.deep.include({ uuid: 'p', ip: '9.9.9.9', failure: undefined });
    expect(events).to.deep.equal([{ kind: 'announcement.acknowledged', at: 7, uuid: 'p', ip: '9.9.9.9', attempts: 3 }]);
  });

  it('the last one to acknowledge completes the announcement', async () => {
    const { events } = await attempt(of<Reply>({ ok: true, status: 204, body: '' }), { pending: 0 });
    expect(events.map(({ kind }) => kind)).to.deep.equal(['announcement.acknowledged', 'announcements.complete']);
  });

  it('a failure is put off, longer with each attempt', async () => {
    const { events, settled } = await attempt(reply({}));
    expect(settled[0]?.failure).to.deep.equal({ reason: 'http-503', retryInMs: 2_000 });
    expect(events[0]).to.include({ kind: 'announcement.failed', reason: 'http-503', attempts: 3, retryInMs: 2_000 });
  });

  it('honours Retry-After, but never calls again at once', async () => {
    const wait = async (retryAfterMs: number) =>
      (await attempt(reply({ retryAfterMs }))).settled[0]?.failure?.retryInMs;
    expect(await wait(90_000)).to.equal(90_000);
    expect(await wait(0)).to.equal(1_000);
  });

  it('one that never answers is let go at the deadline', async () => {
    const { settled } = await attempt(NEVER);
    expect(settled[0]?.failure?.reason).to.equal('timeout');
  });

  it('an address that may not be called is not called, told once, and looked at again later', async () => {
    const stored = { ip: '10.0.0.1', port: null };
    const first = await attempt(NEVER, { claim: { stored } });
    expect(first.asked).to.deep.equal([]);
    expect(first.events.map(({ kind }) => kind)).to.deep.equal(['peer.malformed', 'announcement.failed']);
    expect(first.settled[0]?.failure?.reason).to.equal('address-denied');
    const second = await attempt(NEVER, { claim: { stored, error: 'address-denied' } });
    expect(second.events.map(({ kind }) => kind)).to.deep.equal(['announcement.failed']);
  });

  it('keeps at settling while Redis is away', async () => {
    const { events, settled } = await attempt(of<Reply>({ ok: true, status: 204, body: '' }), { failing: 1 });
    expect(settled).to.have.length(1);
    expect(events.map(({ kind }) => kind)).to.deep.equal(['announcement.acknowledged']);
  });
});
