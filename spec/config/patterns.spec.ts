import { expect } from 'chai';
import { createContext, Script } from 'node:vm';
import { jsonSchema } from '#src/config/keys.js';

const REPEATED = 20_000;
const MOST_MS = 1_000;

/** Every pattern in a schema, whatever it is about. */
function patternsIn(node: unknown): string[] {
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([name, inner]: [string, unknown]) =>
    name === 'pattern' && typeof inner === 'string' ? [inner] : patternsIn(inner),
  );
}

describe('the patterns of the configuration', () => {
  const patterns = [...new Set(patternsIn(jsonSchema))];
  const starts = ['', '/', 'a', '1', '{', '"', 'http://', 'redis://', 'unix://', '2f1c8a5e-'];
  const middles = ['a', '1', '/', 'a/', '.', ':', '-', '{', '[', '"', ' ', '%', 'é'];
  const ends = [' b', '\u0000', '"', '}'];

  it('are found in the schema', () => {
    expect(patterns).to.have.length.greaterThan(10);
  });

  for (const pattern of patterns) {
    it(`decide on a hostile text in time that grows with its length: ${pattern}`, () => {
      const context = createContext({ pattern, text: '' });
      const script = new Script('new RegExp(pattern).test(text)');
      for (const start of starts) {
        for (const middle of middles) {
          for (const end of ends) {
            context.text = `${start}${middle.repeat(REPEATED)}${end}`;
            script.runInContext(context, { timeout: MOST_MS });
          }
        }
      }
    });
  }
});
