import { expect } from 'chai';
import fc from 'fast-check';
import type { Reply } from '#src/domain/call/http.js';
import { checkIdentity } from '#src/domain/peer/identity.js';
import { CLIENTS } from '../support/clients.js';
import { readReply } from '../support/fuzz/framing.js';
import { corpus, INPUTS, load, replay, save, withInput, type Saved } from '../support/fuzz/inputs.js';
import { Playback, type Wire } from '../support/fuzz/playback.js';
import { PEER, wire$ } from '../support/fuzz/replies.js';
import { report } from '../support/scale.js';

/** Calls at once. */
const BATCH = 25;
const DEADLINE_MS = 1_000;
const LARGEST = 65_536;
const REASON =
  /^(timeout|refused|reset|unreachable|http-\d{1,3}|redirect|too-large|identity-mismatch|tls|malformed|other)$/;

const namedIn = (body: string): unknown => {
  try {
    const value = JSON.parse(body) as { uuid?: unknown } | null;
    return value !== null && typeof value === 'object' && Object.hasOwn(value, 'uuid') ? value.uuid : undefined;
  } catch {
    return undefined;
  }
};

const expectTrue = ({ bytes }: Wire, reply: Reply): void => {
  const outcome = checkIdentity(reply, PEER, 1);
  if (!reply.ok) {
    expect(reply.reason).to.match(REASON);
    expect(outcome).to.deep.equal({ ok: false, reason: reply.reason });
    return;
  }
  expect(reply.status).to.be.within(200, 299);
  const framed = readReply(bytes);
  if (!framed.whole) expect.fail(`${JSON.stringify(reply)} was cut off`);
  expect(framed.status).to.equal(reply.status);
  expect(framed.body.length).to.be.at.most(LARGEST);
  const body = new TextDecoder().decode(framed.body);
  expect(reply.body).to.equal(body);
  const named = namedIn(body);
  const stranger = typeof named === 'string' && named.toLowerCase() !== PEER;
  expect(outcome).to.deep.equal(stranger ? { ok: false, reason: 'identity-mismatch' } : { ok: true, latencyMs: 1 });
};

for (const [client, make] of CLIENTS)
  describe(`fuzz: replies to ${client}`, () => {
    const post = make({ userAgent: 'fuzz/1', tls: {} });
    const reasons = new Map<string, number>();
    let server: Playback;

    before(async () => {
      server = await Playback.start();
    });
    after(() => server.stop());

    // What the client throws where nobody can catch it fails the spec too: mocha listens for that.
    const feed = async (wires: readonly Wire[]): Promise<void> => {
      const deadlines = wires.map(() => new AbortController());
      const urls = server.load(wires, (n) => {
        // Once the connection is no more there is nothing to wait for.
        setTimeout(() => deadlines[n]?.abort(), DEADLINE_MS).unref();
      });
      const replies = await Promise.all(
        urls.map((url, n) => post({ url, body: '{}', headers: {} }, deadlines[n]?.signal ?? AbortSignal.abort())),
      );
      wires.forEach((wire, i) => {
        const reply = replies[i] ?? expect.fail('no reply');
        const { bytes, ...how } = wire;
        withInput({ ...how, bytes: save(bytes) }, () => {
          expectTrue(wire, reply);
        });
        const result = reply.ok ? 'ok' : reply.reason;
        reasons.set(result, (reasons.get(result) ?? 0) + 1);
      });
    };

    it('takes what once was misread, or is made to be', async () => {
      const saved = corpus('reply') as readonly { bytes: Saved; end?: Wire['end']; split?: number }[];
      await feed(saved.map(({ bytes, end = 'close', split = 0 }) => ({ bytes: load(bytes), end, split })));
    });

    it('is a whole answer of the peer that was meant, or one of the reasons, whatever bytes come', async () => {
      await fc.assert(fc.asyncProperty(fc.array(wire$, { minLength: BATCH, maxLength: BATCH }), feed), {
        numRuns: INPUTS / BATCH,
        endOnFailure: true,
        ...replay,
      });
      expect(reasons.get('ok')).to.be.greaterThan(0);
      const most = [...reasons].sort(([, a], [, b]) => b - a).slice(0, 8);
      report(`${INPUTS} replies to ${client}: ${most.map(([reason, n]) => `${n} ${reason}`).join(', ')}`);
    }).timeout(60_000 + INPUTS * 20);
  });
