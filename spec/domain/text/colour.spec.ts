import { expect } from 'chai';
import { wantsColour } from '#src/domain/text/colour.js';

describe('colours', () => {
  it('are for terminals', () => {
    expect(wantsColour({}, true)).to.equal(true);
    expect(wantsColour({}, false)).to.equal(false);
    expect(wantsColour({ TERM: 'dumb' }, true)).to.equal(false);
  });

  it('are off with NO_COLOR, unless that is empty', () => {
    expect(wantsColour({ NO_COLOR: '1' }, true)).to.equal(false);
    expect(wantsColour({ NO_COLOR: '' }, true)).to.equal(true);
  });

  it('are as FORCE_COLOR says, whatever else there is', () => {
    expect(wantsColour({ FORCE_COLOR: '1', NO_COLOR: '1', TERM: 'dumb' }, false)).to.equal(true);
    expect(wantsColour({ FORCE_COLOR: '' }, false)).to.equal(true);
    expect(wantsColour({ FORCE_COLOR: '0' }, true)).to.equal(false);
    expect(wantsColour({ FORCE_COLOR: 'false' }, true)).to.equal(false);
  });
});
