import { expect } from 'chai';
import { withTimeout } from '#src/clients/withTimeout.js';

describe('withTimeout', () => {
  it('hands on what came of a command', async () => {
    expect(await withTimeout(Promise.resolve(1))).to.equal(1);
    expect(await withTimeout(Promise.reject(new Error('no'))).catch(String)).to.equal('Error: no');
  });

  it('is a failure where nothing ever comes of it', async () => {
    expect(await withTimeout(new Promise(() => undefined)).catch(String)).to.equal('Error: Command timed out');
  });
});
