import { expect } from 'chai';
import { fstatSync } from 'node:fs';
import { openLog, setLog, type LogOptions } from '#src/clients/logger.js';

describe('openLog', () => {
  const logger = openLog({ level: 'info', format: 'json' });
  after(() => logger.close());

  /** What the log would write, without writing it. */
  const written = (options: LogOptions, terminal: boolean): string => {
    setLog(logger, options, terminal);
    const line = logger.format.transform({
      level: 'warn',
      message: 'careful',
      event: 'x',
      [Symbol.for('level')]: 'warn',
    });
    return String((line as Record<symbol, unknown>)[Symbol.for('message')]);
  };

  it('is JSON where nobody watches', () => {
    expect(JSON.parse(written({ level: 'info', format: 'auto' }, false))).to.include({
      level: 'warn',
      message: 'careful',
      event: 'x',
    });
  });

  it('has levels as systemd’s journal reads them where standard error is one, or where that is asked for', () => {
    expect(written({ level: 'info', format: 'journal' }, false)).to.equal('<4>careful');
    expect(written({ level: 'info', format: 'journal' }, true)).to.equal('<4>careful');
    const before = process.env.JOURNAL_STREAM;
    try {
      const { dev, ino } = fstatSync(process.stderr.fd);
      process.env.JOURNAL_STREAM = `${dev}:${ino}`;
      expect(written({ level: 'info', format: 'auto' }, false)).to.equal('<4>careful');
      expect(written({ level: 'info', format: 'auto' }, true)).to.match(/▲/);
      expect(written({ level: 'info', format: 'json' }, false)).to.match(/^\{/);
      // Inherited from a service, whose standard error is not ours.
      process.env.JOURNAL_STREAM = `${dev}:${ino + 1}`;
      expect(written({ level: 'info', format: 'auto' }, false)).to.match(/^\{/);
    } finally {
      if (before === undefined) delete process.env.JOURNAL_STREAM;
      else process.env.JOURNAL_STREAM = before;
    }
  });

  it('is pretty on a terminal, or where that is asked for', () => {
    expect(written({ level: 'info', format: 'auto' }, true)).to.match(/\d\d:\d\d:\d\d.*▲.*careful/);
    expect(written({ level: 'info', format: 'pretty' }, false)).to.match(/^\d\d:\d\d:\d\d ▲ careful$/);
    expect(written({ level: 'info', format: 'json' }, true)).to.match(/^\{/);
  });

  it('uses no colour where that is not wanted', () => {
    const before = process.env.NO_COLOR;
    process.env.NO_COLOR = '1';
    expect(written({ level: 'info', format: 'pretty' }, true)).to.match(/^\d\d:\d\d:\d\d ▲ careful$/);
    if (before === undefined) delete process.env.NO_COLOR;
    else process.env.NO_COLOR = before;
  });
});
