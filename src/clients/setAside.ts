/**
 * The error of a step whose keys held values of another type and were deleted, so that the next try works. Undefined if
 * no key was deleted.
 */
export function setAside(deleted: readonly string[]): Error | undefined {
  return deleted.length === 0 ? undefined : new Error(`SETASIDE ${deleted.join(' and ')}`);
}
