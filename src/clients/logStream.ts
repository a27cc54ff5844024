import { Writable } from 'node:stream';

/** What the log needs of standard error: it stays usable after a write that failed. */
export interface LogTarget {
  /** Bytes that wait for the reader. */
  readonly writableLength: number;
  on(event: 'error', listener: () => void): unknown;
  write(line: string, written: (error?: Error | null) => void): void;
}

/** As much as may wait for a slow reader, in bytes. */
const MOST_WAITING = 1_048_576;

/**
 * Where the log goes. Nothing that happens to its reader (gone, asleep, a full disk) ends or holds the program: lines
 * are lost, and once one can be written again a line says how many.
 */
export function logStream(target: LogTarget, onRecovered: (lost: number) => void): Writable {
  let lost = 0;
  // Each write has its own callback of a failure; without a listener the first one would end the process.
  target.on('error', () => undefined);
  const written = (error?: Error | null): void => {
    if (error) {
      lost += 1;
    } else if (lost > 0) {
      const before = lost;
      lost = 0;
      onRecovered(before);
    }
  };
  return new Writable({
    decodeStrings: false,
    write: (line: string, _, done) => {
      if (target.writableLength > MOST_WAITING) lost += 1;
      else target.write(line, written);
      done();
    },
  });
}
