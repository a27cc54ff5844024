import { setFlagsFromString } from 'node:v8';

/** The newest tested major version of Node. A V8 without the flag prints an error. */
const NEWEST_TRIED = 26;
/**
 * How much the old generation may grow over what was alive at its last collection, in percent. V8 lets it grow up to
 * fourfold, so most of a scheduler's memory would be garbage of its checks; docs/performance.md has the figures.
 */
const GROWTH_PERCENT = 60;

/** Makes V8 collect old garbage sooner: a smaller process at the same processor time. */
export function limitHeapGrowth(version = process.versions.node, setFlag = setFlagsFromString): void {
  if (Number.parseInt(version, 10) <= NEWEST_TRIED) {
    setFlag(`--heap-growing-percent=${String(GROWTH_PERCENT)}`);
  }
}
