import { setFlagsFromString } from 'node:v8';

/** The newest tested major version of Node. A V8 without the flag prints an error. */
const NEWEST_TRIED = 26;
/** docs/performance.md has the figures of each. */
const FLAGS = [
  // How much the old generation may grow over what was alive at its last collection, in percent. V8 lets it grow up to
  // fourfold, so most of a scheduler's memory would be garbage of its checks.
  '--heap-growing-percent=20',
  // V8 puts objects into its old generation from the start if most of the first ones of their kind survived. The calls in
  // flight survive each collection and are garbage soon after it. In one process of four this cost four times as many
  // full collections.
  '--no-allocation-site-pretenuring',
];

/** Fits the garbage collection of V8 to many short calls: a smaller process, and fewer full collections. */
export function setHeapFlags(version = process.versions.node, setFlag = setFlagsFromString): void {
  if (Number.parseInt(version, 10) <= NEWEST_TRIED) for (const flag of FLAGS) setFlag(flag);
}
