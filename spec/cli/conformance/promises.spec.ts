import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROMISES, promisesOf } from '#src/cli/conformance/promises.js';
import { ROOT } from '../../support/clone.js';

describe('the promises of an API', () => {
  const page = readFileSync(join(ROOT, 'docs/writing-an-api.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `([a-z0-9-]+)` +\| (.*?) *\|$/gm)].map(([, id, text]) => [id, text]);

  it('stand in the documentation in the same words and order', () => {
    expect(rows).to.deep.equal(
      PROMISES.map(({ id, text, of, recommended }) => {
        const marks = [...(of === undefined ? [] : [`${of}s`]), ...(recommended === true ? ['recommended'] : [])];
        return [id, `${text}${marks.length > 0 ? ` (${marks.join(', ')})` : ''}`];
      }),
    );
  });

  it('have an id each, and those of a kind are part of all', () => {
    const ids = PROMISES.map(({ id }) => id);
    expect(new Set(ids).size).to.equal(ids.length);
    expect(promisesOf('consumer').length + promisesOf('producer').length).to.be.greaterThan(ids.length);
    expect(promisesOf('producer').map(({ id }) => id))
      .to.include('lower-term')
      .and.not.include('registers');
  });
});
