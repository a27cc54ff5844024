import { expect } from 'chai';
import { ClockWatch } from '#src/state/clockWatch.js';

describe('ClockWatch', () => {
  let steady = 0;
  let wall = 0;
  let watch: ClockWatch;
  const pass = (ms: number): void => {
    steady += ms;
    wall += ms;
  };

  beforeEach(() => {
    steady = 1_000;
    wall = 1_700_000_000_000;
    watch = new ClockWatch(
      () => steady,
      () => wall,
    );
  });

  it('stays in one epoch while it is asked often enough', () => {
    for (let i = 0; i < 100; i += 1) {
      pass(5_000);
      expect(watch.epoch()).to.equal(0);
    }
  });

  it('begins a new epoch after more than 5 s of silence, once', () => {
    pass(5_001);
    expect(watch.epoch()).to.equal(1);
    expect(watch.epoch()).to.equal(1);
    expect(watch.lastGapMs).to.equal(5_001);
  });

  it('notices a sleep of the host, during which the steady clock stood still', () => {
    pass(500);
    wall += 60_000;
    expect(watch.epoch()).to.equal(1);
  });

  it('is not misled by a wall clock that goes back', () => {
    wall -= 3_600_000;
    pass(500);
    expect(watch.epoch()).to.equal(0);
    pass(5_001);
    expect(watch.epoch()).to.equal(1);
  });
});
