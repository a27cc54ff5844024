import { expect } from 'chai';
import fc from 'fast-check';
import { countOf, fieldsOf, idAfter, ifOfAnotherType } from '#src/clients/replies.js';

describe('what Redis replies', () => {
  it('of a key of another type is replaced, and any other failure stays', async () => {
    const failing = (message: string) => Promise.reject(new Error(message)).catch(ifOfAnotherType('none'));
    expect(await failing('WRONGTYPE Operation against a key holding the wrong kind of value')).to.equal('none');
    expect(await failing('OOM command not allowed').catch(String)).to.equal('Error: OOM command not allowed');
  });

  it('of an entry of a stream are names and values in turn', () => {
    expect([...fieldsOf(['type', 'x', 'at', '1', 'odd'])]).to.deep.equal([
      ['type', 'x'],
      ['at', '1'],
    ]);
  });

  it('as a whole number from 0 on is one; nothing else is', () => {
    fc.assert(fc.property(fc.maxSafeNat(), (n) => countOf(String(n)) === n));
    for (const text of [undefined, null, '', '-1', '1.5', 'x', '9007199254740993', 'Infinity']) {
      expect(countOf(text), String(text)).to.equal(undefined);
    }
  });

  it('has an id in a stream that follows each one, by ranges that Redis knows before 6.2', () => {
    expect(['5', '5-0', '5-18446744073709551614'].map(idAfter)).to.deep.equal(['5-1', '5-1', '5-18446744073709551615']);
  });
});
