import { headers } from './headers.js';
import { choice, concurrency, duration, fraction, group, port, text } from './values.js';

const path = text('a path that begins with /', /^\/[^\s#]{0,2000}$/);

/** The keys that say how one kind of peer is called. */
function target(defaultPath: string) {
  return {
    scheme: choice('http', 'https').default('http').describe('How peers are called.'),
    port: port.default(80).describe('Port of the peers whose registry entry has none of its own.'),
    path: path.default(defaultPath).describe('Path that is called.'),
    headers: headers.default({}).describe('Headers sent with each call, for example a bearer token.'),
  };
}

export const sync = group({
  interval: duration(50).prefault('60s').describe('Time between rounds.'),
  jitter: fraction(0.5).default(0.05).describe('Share of the interval by which a round may begin early or late.'),
  spread: fraction(0.9).default(0).describe("Share of the interval over which a round's requests are paced."),
  timeout: duration(10).prefault('5s').describe('Deadline of one call: connect, headers and body together.'),
  concurrency: concurrency.default(64).describe('Calls at once to peers in good standing, and as many to suspects.'),
  ...target('/sync'),
  suspectInterval: duration(50).prefault('15s').describe('Time between checks of a suspect.'),
  unavailable: group({
    interval: duration(50).prefault('60s').describe('Time between checks of an unavailable peer.'),
    concurrency: concurrency.default(32).describe('Calls at once to unavailable peers.'),
  })
    .prefault({})
    .describe('The lane of unavailable peers.'),
});

export const announce = group({
  timeout: duration(10).prefault('5s').describe('Deadline of one call: connect, headers and body together.'),
  concurrency: concurrency.default(32).describe('Calls at once.'),
  ...target('/ip'),
  retry: group({
    initial: duration(10).prefault('5s').describe('Ceiling of the first pause before a retry.'),
    max: duration(10).prefault('10m').describe('Ceiling of the longest pause.'),
  })
    .check(({ value: { initial, max }, issues }) => {
      const message = 'expected a duration no shorter than announce.retry.initial';
      if (max < initial) issues.push({ code: 'custom', message, path: ['max'], input: undefined });
    })
    .prefault({})
    .describe('Pauses between attempts that failed: exponential, with full jitter.'),
});
