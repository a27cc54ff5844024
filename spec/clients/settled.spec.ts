import { expect } from 'chai';
import { settled } from '#src/clients/settled.js';

describe('settled', () => {
  it('hands on what came of a command', async () => {
    expect(await settled(Promise.resolve(1))).to.equal(1);
    expect(await settled(Promise.reject(new Error('no'))).catch(String)).to.equal('Error: no');
  });

  it('is a failure where nothing ever comes of it', async () => {
    expect(await settled(new Promise(() => undefined)).catch(String)).to.equal('Error: Command timed out');
  });
});
