import type { Deps } from '#src/app/deps.js';
import { Leadership } from '#src/state/leadership.js';
import { SoleShares } from '#src/state/shares.js';

/** Holds the registry from the first beat on, and says nothing of it. */
export function holding(): Pick<Deps, 'leadership' | 'candidacy' | 'leaseMs' | 'shares' | 'sharing'> {
  const leadership = new Leadership();
  leadership.hold('us:1', Infinity);
  return {
    leadership,
    candidacy: {
      beat: () => Promise.resolve({ kind: 'leads', term: undefined, afterMs: undefined }),
      release: () => Promise.resolve(),
    },
    leaseMs: 10_000,
    shares: new SoleShares('p2p:leader', leadership.fence),
    sharing: undefined,
  };
}
