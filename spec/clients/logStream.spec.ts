import { expect } from 'chai';
import { EventEmitter } from 'node:events';
import type { Writable } from 'node:stream';
import { logStream } from '#src/clients/logStream.js';

describe('logStream', () => {
  /** A reader that takes lines, refuses them, or is asleep. */
  class Reader extends EventEmitter {
    readonly lines: string[] = [];
    is: 'well' | 'gone' | 'asleep' = 'well';
    readonly #waiting: (readonly [string, () => void])[] = [];

    get writableLength(): number {
      return this.#waiting.reduce((sum, [line]) => sum + line.length, 0);
    }

    write(line: string, written: (error?: Error) => void): void {
      if (this.is === 'gone') {
        const error = new Error('EPIPE');
        written(error);
        this.emit('error', error);
        return;
      }
      this.#waiting.push([line, written]);
      if (this.is === 'well') this.wake();
    }

    wake(): void {
      this.is = 'well';
      for (const [line, written] of this.#waiting.splice(0)) {
        this.lines.push(line);
        written();
      }
    }
  }

  let reader: Reader;
  let recovered: number[];
  let log: Writable;
  beforeEach(() => {
    reader = new Reader();
    recovered = [];
    log = logStream(reader, (lost) => recovered.push(lost));
  });

  it('passes lines on', () => {
    log.write('a\n');
    log.write('b\n');
    expect(reader.lines).to.deep.equal(['a\n', 'b\n']);
    expect(recovered).to.be.empty;
  });

  it('loses lines that nobody takes, and tells how many once somebody does again', () => {
    reader.is = 'gone';
    for (const line of ['a', 'b', 'c']) log.write(line);
    expect(log.destroyed).to.equal(false);
    reader.is = 'well';
    log.write('d');
    log.write('e');
    expect(reader.lines).to.deep.equal(['d', 'e']);
    expect(recovered).to.deep.equal([3]);
  });

  it('keeps no more than a megabyte for a reader that is asleep', () => {
    reader.is = 'asleep';
    const line = 'x'.repeat(100_000);
    for (let i = 0; i < 100; i += 1) log.write(line);
    expect(reader.writableLength).to.be.within(1_000_000, 1_200_000);
    const kept = reader.writableLength / line.length;
    reader.wake();
    expect(reader.lines).to.have.length(kept);
    expect(recovered).to.deep.equal([100 - kept]);
  });
});
