import { nameOf } from '#src/domain/text/printable.js';
import type { Told } from './fixtureServer.js';
import type { World } from './picture.js';

const MIN = 60_000;
const HOUR = 60 * MIN;

/** What the journal of an ordinary day tells, the oldest first. */
export function ordinaryDay(now: number, { consumers, producers }: World): readonly Told[] {
  const name = (uuid: string): string => nameOf(uuid).slice(0, 8);
  const isolation: readonly Told[] = [
    told('isolation.began', now - 9.4 * HOUR, 'isolated over public IPv4: no witness answers', {
      scope: 'public IPv4',
    }),
    told('isolation.ended', now - 9.1 * HOUR, 'online again over public IPv4 after 18 min', { scope: 'public IPv4' }),
  ];
  const back = consumers
    .slice(40, 54)
    .map(({ uuid }, i) =>
      told('peer.available', now - 6 * HOUR + i * 900, `${name(uuid)} is available again`, { uuid }),
    );
  const change: readonly Told[] = [
    told('ip.disagreed', now - 5 * MIN, 'the sources disagree: 203.0.113.2, 203.0.113.7', {}),
    told('ip.changed', now - 4 * MIN, 'public IP changed from 203.0.113.2 to 203.0.113.7, 5 producers to tell', {}),
    ...producers.slice(0, 4).map(({ uuid }, i) =>
      told('announcement.acknowledged', now - 4 * MIN + 900 * (i + 1), `${name(uuid)} acknowledged 203.0.113.7`, {
        uuid,
      }),
    ),
  ];
  const down = consumers
    .filter(({ state, state_since: since }) => state === 'unavailable' && since !== null && since > now - HOUR)
    .map(({ uuid, error, state_since: since }) =>
      told('peer.unavailable', since ?? now, `${name(uuid)} is unavailable (${error ?? ''})`, { uuid }),
    );
  const suspects = consumers
    .filter(({ state }) => state === 'suspect')
    .map(({ uuid, error, state_since: since }) =>
      told('peer.suspect', since ?? now, `${name(uuid)} is suspect (${error ?? ''})`, { uuid }),
    );
  return [
    ...isolation,
    ...back,
    told('config.reloaded', now - 2 * HOUR, 'configuration reloaded: sync.concurrency', {}),
    ...change,
    ...down,
    ...suspects,
  ].sort((a, b) => a.at - b.at);
}

function told(type: string, at: number, text: string, data: Told['data']): Told {
  return { type, at: Math.round(at), text, data };
}
