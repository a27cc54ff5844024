import { randomUUID } from 'node:crypto';
import { PeerBook } from '../dist/state/peerBook.js';

/** Bytes that the table of last-known peers takes for each of them. Run with `node --expose-gc`. */

const PEERS = Number(process.argv[2] ?? 100_000);

/** A string in one piece, as it comes off the wire; one that was put together here would keep its parts. */
const flat = (text) => Buffer.from(text).toString('latin1');

function entry(i) {
  const state = i % 10 === 0 ? 'unavailable' : 'available';
  const failures = state === 'unavailable' ? 3 : 0;
  return {
    uuid: flat(randomUUID()),
    stored: { ip: flat(`${1 + (i % 200)}.${i % 251}.${i % 241}.${i % 239}`), port: null },
    health: { state, failures, successes: 0, countedGeneration: 0 },
    checkedAt: Date.now() + i,
    reportedFault: null,
  };
}

/** The columns of numbers are outside of the heap. */
const used = () => {
  globalThis.gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return { heap: heapUsed, columns: arrayBuffers };
};

const before = used();
const table = new PeerBook(['public']);
for (let i = 0; i < PEERS; i += 1) {
  const peer = entry(i);
  table.remember(peer, 1);
  const { health, checkedAt } = peer;
  table.record(peer, { at: checkedAt + 1, outcome: { ok: true, latencyMs: 20 }, counted: true, health });
}
for (const row of table.unwrittenRows()) table.acknowledge(row);
const after = used();
const heap = after.heap - before.heap;
const columns = after.columns - before.columns;
console.log(
  `${PEERS} peers: ${(heap / PEERS).toFixed(0)} bytes a peer in the heap and ${(columns / PEERS).toFixed(0)} in columns, ` +
    `${((heap + columns) / 2 ** 20).toFixed(1)} MiB (${table.size} rows)`,
);
const startedAt = performance.now();
const due = table.due('unavailable', Date.now() + PEERS * 2, 0).length;
console.log(`who is due: ${due} found in ${(performance.now() - startedAt).toFixed(1)} ms`);
