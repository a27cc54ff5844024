import { expect } from 'chai';
import fc from 'fast-check';
import { escaped, nameOf, quoted } from '#src/domain/text/printable.js';

describe('what is shown of others’ words', () => {
  it('quotes whatever is stored in a few printable ASCII characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        expect(quoted(text)).to.match(/^[ -~]*$/);
        expect(quoted(text).length).to.be.at.most(6 * 61 + 2);
      }),
    );
    expect(quoted('x'.repeat(60))).to.equal(`"${'x'.repeat(60)}"`);
    expect(quoted('x'.repeat(61))).to.equal(`"${'x'.repeat(60)}\\u2026"`);
    expect(quoted('\u007f\ud800')).to.equal('"\\u007f\\ud800"');
    expect(quoted('\u001b[31mred\n')).to.equal('"\\u001b[31mred\\n"');
  });

  it('escapes what could steer a terminal, and changes no value of a JSON text by it', () => {
    expect(escaped('"\u009b31m\u202e\u007f"')).to.equal('"\\u009b31m\\u202e\\u007f"');
    fc.assert(
      fc.property(fc.json({ stringUnit: 'binary' }), (json) => {
        expect(escaped(json)).to.not.match(/\p{Cc}/u);
        expect(JSON.parse(escaped(json))).to.deep.equal(JSON.parse(json));
      }),
    );
  });

  it('calls a peer by its UUID, and quotes what is none', () => {
    expect(nameOf('2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11')).to.equal('2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11');
    expect(nameOf('\u001b[2J')).to.equal('"\\u001b[2J"');
    expect(nameOf('two words')).to.equal('"two words"');
    expect(nameOf('')).to.equal('""');
    expect(nameOf('x'.repeat(61))).to.equal(`"${'x'.repeat(60)}\\u2026"`);
  });
});
