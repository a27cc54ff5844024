import { readFileSync } from 'node:fs';
import fc, { type Arbitrary } from 'fast-check';
import { scale } from '../scale.js';

/** How many generated inputs each subject gets: 5,000 in `npm test`, 100,000 in `npm run test:faults -- 20`. */
export const INPUTS = 5_000 * scale;

const { SPEC_SEED } = process.env;

/** A failure prints its seed; with `SPEC_SEED` it is played again. */
export const replay = SPEC_SEED === undefined ? {} : { seed: Number(SPEC_SEED) };

/** Bytes as they stand in a corpus: as text where they are UTF-8, so that people can read them. */
export type Saved = string | { readonly base64: string };

/** What is replayed before anything is generated: what once failed, and what is nasty by design. */
export function corpus(subject: string): readonly unknown[] {
  const file = new URL(`../../../../spec/fixtures/corpus/${subject}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as unknown[];
}

export function load(saved: Saved): Buffer {
  return typeof saved === 'string' ? Buffer.from(saved) : Buffer.from(saved.base64, 'base64');
}

export function save(bytes: Uint8Array): Saved {
  const buffer = Buffer.from(bytes);
  const text = buffer.toString();
  return Buffer.from(text).equals(buffer) ? text : { base64: buffer.toString('base64') };
}

/** Runs the work on one input; a failure says what to add to the corpus. */
export function withInput<T>(saved: unknown, work: () => T): T {
  const fail = (error: unknown): never => {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`with ${JSON.stringify(saved)}: ${why}`, { cause: error });
  };
  try {
    const result = work();
    return result instanceof Promise ? (result.catch(fail) as T) : result;
  } catch (error) {
    return fail(error);
  }
}

/** Any code points, half of a pair too; `fc.string` with the unit `binary` takes seconds to get ready. */
export function anyText(maxLength: number): Arbitrary<string> {
  return fc
    .array(fc.oneof(fc.nat(0x7f), fc.nat(0x10_ffff)), { maxLength })
    .map((points) => String.fromCodePoint(...points));
}
