import { expect } from 'chai';
import { openLog } from '#src/clients/logger.js';

describe('openLog', () => {
  /** What the log would write, without writing it. */
  const written = (options: Parameters<typeof openLog>[0], terminal: boolean): string => {
    const logger = openLog(options, terminal);
    const line = logger.format.transform({
      level: 'warn',
      message: 'careful',
      event: 'x',
      [Symbol.for('level')]: 'warn',
    });
    logger.close();
    return String((line as Record<symbol, unknown>)[Symbol.for('message')]);
  };

  it('is JSON where nobody watches', () => {
    expect(JSON.parse(written({ level: 'info', format: 'auto' }, false))).to.include({
      level: 'warn',
      message: 'careful',
      event: 'x',
    });
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
