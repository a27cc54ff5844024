import type { EventOf, SchedulerEvent } from '#src/events.js';
import { toEntries, type Entry } from '#src/sinks/journalEntries.js';
import { Transitions } from '#src/sinks/transitions.js';
import { expectKept } from '../support/kept.js';
import { NOW, samples } from '../support/samples.js';

const HEAD = `What <p>events gets of each event: time since the sample's · of one peer or of the node · type · data, or nothing. The
events of a kind come one after the other, and the last one twice, so that what lasts is told once. \`npm run transcripts\`
writes this file.
`;

const round = (over: Partial<EventOf<'round.finished'>>): SchedulerEvent => ({
  ...{ kind: 'round.finished', at: NOW, lane: 'regular', round: 4, tookMs: 1_500 },
  ...{ ok: 8, failed: 0, aborted: false, local: 0, skipped: 0 },
  ...over,
});
const short: SchedulerEvent = { kind: 'peer.discarded', at: NOW + 1, uuid: 'a1', why: 'local' };
const skipped: SchedulerEvent = { kind: 'round.skipped', at: NOW + 2, lane: 'regular' };
const confirmed = (ip: string): SchedulerEvent => ({ kind: 'ip.confirmed', at: NOW, ip, agreed: ['dns'] });
const unknown: SchedulerEvent = { kind: 'ip.unknown', at: NOW, failures: [], known: undefined };
const disagreed: SchedulerEvent = { kind: 'ip.disagreed', at: NOW, answers: ['1.1.1.1', '8.8.8.8'] };
const down = (reason: string): SchedulerEvent => ({ kind: 'redis.down', at: NOW, reason });
const up: SchedulerEvent = { kind: 'redis.up', at: NOW };
const missing = (family: 'IPv4' | 'IPv6'): SchedulerEvent => ({ kind: 'family.missing', at: NOW, family, peers: 2 });
const found = (family: 'IPv4' | 'IPv6'): SchedulerEvent => ({ kind: 'family.found', at: NOW, family });

/** Conditions that begin, change and end. */
const STORIES: readonly (readonly [string, readonly SchedulerEvent[]])[] = [
  [
    'a host is short of something until a round in which no call stayed at home',
    [short, short, round({ local: 1 }), round({ at: NOW + 3 }), round({}), short],
  ],
  [
    'rounds are skipped until a regular one ends in time',
    [skipped, skipped, round({ skipped: 1 }), round({ lane: 'suspect' }), skipped, round({}), skipped],
  ],
  ['neither is an end of the other', [skipped, short, round({}), skipped, short]],
  [
    'the public IP is found, lost and doubted',
    [confirmed('1.1.1.1'), confirmed('1.1.1.1'), confirmed('8.8.8.8'), unknown, unknown, disagreed, disagreed],
  ],
  ['it is found again', [confirmed('1.1.1.1'), disagreed, confirmed('1.1.1.1'), unknown, confirmed('1.1.1.1')]],
  ['Redis comes and goes', [up, up, down('refused'), down('refused'), down('NOAUTH'), up, up, down('NOAUTH')]],
  [
    'one family is missing, and then the other',
    [found('IPv6'), missing('IPv6'), missing('IPv6'), missing('IPv4'), found('IPv6'), found('IPv6'), found('IPv4')],
  ],
];

describe('the entries of the journal', () => {
  it('are those that were reviewed, for each kind of event and for what lasts', () => {
    const kinds = samples().map(([kind, events]) => story(kind, [...events, ...events.slice(-1)]));
    const stories = STORIES.map(([title, events]) => story(`Where ${title}`, events));
    expectKept('journal-entries', [HEAD, ...kinds, ...stories].join('\n'));
  });
});

function story(title: string, events: readonly SchedulerEvent[]): string {
  const conditions = new Transitions();
  const lines = events.map((event) => toEntries(event, conditions).map(inLine).join('\n') || 'nothing');
  const text = lines.join('\n').replaceAll(/nothing(\nnothing)+/g, (run) => `nothing, ${run.split('\n').length} times`);
  return `# ${title}\n${text}\n`;
}

function inLine({ type, at, data, ofOnePeer }: Entry): string {
  return [`${at - NOW} ms`, ofOnePeer ? 'a peer' : 'the node', type, data].join(' · ');
}
