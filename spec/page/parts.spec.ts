import { expect } from 'chai';
import fc from 'fast-check';
import { folded, foldedText } from '#src/page/fold.js';
import { merged } from '#src/page/journal.js';
import { SseParser } from '#src/page/sse.js';

describe('the parts of the page', () => {
  it('read server-sent events, however the stream is cut', () => {
    const text =
      ': hello\n\nid: 1-0\nevent: entry\ndata: {"a":\ndata:1}\n\n: alive\n\nevent: status\ndata: x\n\ndata: late';
    fc.assert(
      fc.property(fc.array(fc.nat(text.length)), (cuts) => {
        const parser = new SseParser();
        const ends = [...cuts, text.length].sort((a, b) => a - b);
        const found = ends.flatMap((end, i) => parser.push(text.slice(i === 0 ? 0 : ends[i - 1], end)));
        expect(found).to.deep.equal([
          { id: '1-0', name: 'entry', data: '{"a":\n1}' },
          { id: '', name: 'status', data: 'x' },
        ]);
      }),
    );
  });

  const entry = (id: number, type: string) => ({
    id: `${String(id)}-0`,
    type,
    at: id,
    text: `${type} ${String(id)}`,
    data: {},
  });

  it('keep each entry once, also one that came before Redis gave it an id, and the newest first', () => {
    const [old, early, late] = [entry(1, 'a'), { ...entry(2, 'b'), id: '' }, entry(2, 'b')];
    expect(merged([old], [early])).to.deep.equal([early, old]);
    expect(merged([early, old], [old, late])).to.have.length(2);
    const twins = [
      { ...entry(3, 'c'), id: '3-0' },
      { ...entry(3, 'd'), id: '3-1' },
    ];
    expect(merged([], twins).map(({ type }) => type)).to.deep.equal(['d', 'c']);
  });

  it('fold from three equal neighbours on, and lose none', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', 'b')), (types) => {
        const entries = types.map((type, i) => entry(i, type));
        const folds = folded(entries);
        expect(folds.flatMap((fold) => fold.entries)).to.deep.equal(entries);
        for (const fold of folds) expect(fold.entries.length).to.satisfy((n: number) => n === 1 || n >= 3);
        expect(new Set(folds.map(({ key }) => key)).size).to.equal(folds.length);
      }),
    );
  });

  it('say a fold in the plural', () => {
    const [peers] = folded([1, 2, 3].map((id) => entry(id, 'peer.unavailable')));
    const [others] = folded([1, 2, 3].map((id) => entry(id, 'clock.gap')));
    expect(peers && foldedText(peers)).to.equal('3 peers are unavailable');
    expect(others && foldedText(others)).to.equal('clock.gap 1 (3 times)');
  });
});
