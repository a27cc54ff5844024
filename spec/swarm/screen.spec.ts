import { expect } from 'chai';
import fc from 'fast-check';
import { Screen, shortened, wrapped } from '#swarm/screen.js';

describe('the screen of the demo', () => {
  const printed = (colour: boolean, print: (screen: Screen) => void): string => {
    let text = '';
    print(new Screen({ colour, width: 40, write: (more) => (text += more) }));
    return text;
  };

  it('has no line that is longer than its width, and loses no word', () => {
    const words = fc.array(fc.stringMatching(/^[a-z]{1,30}$/), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(words, (all) => {
        const lines = wrapped(all.join(' '), 20, '   ');
        for (const line of lines) expect(line.length).to.be.at.most(20);
        expect(lines.join('').replaceAll(' ', '')).to.equal(all.join(''));
      }),
    );
  });

  it('breaks between words, and goes on below the text', () => {
    const line = { level: 'info', message: 'round 1: 0 of 20 answered in 163 ms', timestamp: '2026-01-01T00:00:00Z' };
    expect(
      printed(false, (screen) => {
        screen.log(line);
      }),
    ).to.match(/^\d\d:\d\d:\d\d ● round 1: 0 of 20 answered in\n {11}163 ms\n$/);
  });

  it('fills the line of a chapter', () => {
    expect(
      printed(false, (screen) => {
        screen.chapter('a peer dies');
      }),
    ).to.equal(`── a peer dies ${'─'.repeat(25)}\n`);
  });

  it('has colours where they are wanted, and none elsewhere', () => {
    const say = (screen: Screen): void => {
      screen.chapter('a');
      screen.hint('b');
      screen.log({ level: 'warn', message: 'c' });
    };
    expect(printed(true, say)).to.include('\u001b[');
    expect(printed(false, say)).to.not.include('\u001b[');
  });

  it('shows of a UUID what the page shows', () => {
    const uuid = '0ea4655d-9f4e-42ea-b23a-e18749ae287e';
    expect(shortened(`peer ${uuid} is available`)).to.equal('peer 0ea4655d… is available');
    expect(shortened(`peer ${uuid} is available`, new Map([[uuid, 'silent']]))).to.equal('peer silent is available');
  });
});
