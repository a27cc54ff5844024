import { Writable } from 'node:stream';

/** The part of standard error that the log uses. It stays usable after a failed write. */
export interface LogTarget {
  /** Bytes that the reader has not taken yet. */
  readonly writableLength: number;
  on(event: 'error', listener: () => void): unknown;
  write(line: string, written: (error?: Error | null) => void): void;
}

/** Maximum number of bytes queued for a slow reader. */
const MAX_QUEUED_BYTES = 1_048_576;

/**
 * The stream of the log. A reader that is gone or stopped, or a full disk, never ends or blocks the program. Lines
 * are lost instead, and after the next successful write a line reports their number.
 */
export function logStream(target: LogTarget, onRecovered: (lost: number) => void): Writable {
  let lost = 0;
  // Each write has its own error callback, but without this listener the first error would end the process.
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
      if (target.writableLength > MAX_QUEUED_BYTES) lost += 1;
      else target.write(line, written);
      done();
    },
  });
}
