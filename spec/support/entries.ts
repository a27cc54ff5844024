import type { RegistryEntry } from '#src/domain/peer/peer.js';
import { UNCHECKED } from '#src/domain/peer/health.js';

/** A registry entry as most specs want it; give what matters. */
export function entry(uuid: string, over: Partial<RegistryEntry> = {}): RegistryEntry {
  return { uuid, stored: { ip: '1.1.1.1', port: null }, health: UNCHECKED, checkedAt: 0, reportedFault: null, ...over };
}
