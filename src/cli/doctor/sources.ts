import type { IpAnswer, IpSource } from '../../domain/ip/source.js';
import type { Config } from '../../config/config.js';
import { nameOf } from '../../domain/text/printable.js';
import { fault, ok, warning, type Finding } from './finding.js';

const CHECK = 'public IP';

interface SourceResult {
  readonly name: string;
  readonly answer: IpAnswer;
  readonly tookMs: number;
}

/** Looks up the IP at every source in parallel, each with its deadline, and reports the answers. */
export async function checkSources(
  settings: Pick<Config['publicIp'], 'override' | 'timeoutMs' | 'quorum'>,
  sources: readonly IpSource[],
): Promise<readonly Finding[]> {
  const { override, timeoutMs, quorum } = settings;
  if (override !== undefined) return [ok(CHECK, `${override}, by publicIp.override: no source is asked`)];
  const asked = await Promise.all(sources.map((source) => ask(source, timeoutMs)));
  return [...asked.map(ofSource), ...verdict(asked, quorum)];
}

async function ask(source: IpSource, timeoutMs: number): Promise<SourceResult> {
  const startedAt = performance.now();
  const signal = AbortSignal.timeout(timeoutMs);
  // The lookups of the library cannot be ended, so they are not awaited.
  const late = new Promise<IpAnswer>((resolve) => {
    signal.addEventListener('abort', () => {
      resolve({ ok: false, reason: 'timeout' });
    });
  });
  const answer = await Promise.race([source.lookup(signal), late]);
  return { name: source.name, answer, tookMs: Math.round(performance.now() - startedAt) };
}

function ofSource({ name, answer, tookMs }: SourceResult): Finding {
  if (answer.ok) return ok(CHECK, `${nameOf(name)} says ${answer.ip} (${tookMs} ms)`);
  const advice = 'check DNS, and firewalls on the way; publicIp.sources names the sources';
  return warning(CHECK, `${nameOf(name)} gives no answer: ${answer.reason} (${tookMs} ms)`, advice);
}

/** The conclusion from the answers, by the same rules as in the daemon. */
function verdict(asked: readonly SourceResult[], wanted: number): readonly Finding[] {
  const votes = new Map<string, number>();
  for (const { answer } of asked) if (answer.ok) votes.set(answer.ip, (votes.get(answer.ip) ?? 0) + 1);
  const answers = [...votes.values()].reduce((sum, n) => sum + n, 0);
  const quorum = Math.min(wanted, asked.length);
  if (answers === 0) {
    return [fault(CHECK, 'no source answers: producers can be told nothing', 'see above, or set publicIp.override')];
  }
  if (votes.size > 1) {
    const text = `the sources disagree: ${[...votes.keys()].join(', ')}`;
    return [
      warning(CHECK, text, 'a host with several ways out needs sources that all see the same one, or an override'),
    ];
  }
  if (answers >= quorum) return [];
  const text = `${answers} of ${asked.length} sources answer, publicIp.quorum is ${quorum}`;
  return [warning(CHECK, text, 'a change then takes several polls to be believed; further sources help')];
}
