import { NO_FENCE } from '#src/clients/script.js';
import { SoleShares } from '#src/state/shares.js';

/** The whole registry is ours, and nobody is asked before a write. */
export const ALL = new SoleShares('p2p:leader', NO_FENCE);
