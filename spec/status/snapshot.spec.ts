import { expect } from 'chai';
import { snapshotHtml, snapshotText } from '#src/status/snapshot.js';
import { worldOf } from '../support/page/picture.js';

const HOSTILE = '<script>alert(1)</script>\u001b[31m\u202e';

describe('the snapshot', () => {
  const world = worldOf(40, 1_764_000_000_000);
  const [first] = world.consumers;
  if (first === undefined) throw new Error('there is a first one');
  const peers = [
    { ...first, uuid: HOSTILE, ip: HOSTILE, error: HOSTILE },
    ...world.consumers.slice(1, 10),
    ...world.producers,
  ];
  const problems = [{ code: 'x', level: 'bad' as const, since: 1, text: HOSTILE, advice: 'do '.repeat(60) + HOSTILE }];
  const status = { ...world.status, problems, summary: HOSTILE };

  it('in text is at most 80 columns wide, and steers no terminal', () => {
    const text = snapshotText(status, peers);
    for (const line of text.split('\n')) expect(line.length, line).to.be.at.most(80);
    expect(text).to.not.match(/[\u0000-\u0009\u000b-\u001f\u202e]/); // eslint-disable-line no-control-regex
    expect(text).to.match(/They answer us {4}(100|\d+\.\d)%, \d+ of \d+/);
    expect(text).to.include('Still owing');
  });

  it('in HTML escapes what strangers wrote', () => {
    const html = snapshotHtml(status, peers);
    expect(html)
      .to.include('&lt;script&gt;')
      .and.not.match(/<script|style=|\u202e/);
    expect(html.match(/<tr>/g)?.length).to.be.greaterThan(peers.length);
  });

  it('begins with the sentence', () => {
    expect(snapshotText(world.status, [])).to.match(/^OK: Well connected: /);
  });
});
