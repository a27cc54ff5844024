/**
 * What a step rejects with whose keys held values of another type, once these were taken away: the next try works. For
 * the names of what was taken away; undefined where that is nothing.
 */
export function setAside(names: readonly string[]): Error | undefined {
  return names.length === 0 ? undefined : new Error(`SETASIDE ${names.join(' and ')}`);
}
