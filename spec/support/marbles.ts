import { expect } from 'chai';
import { TestScheduler, type RunHelpers } from 'rxjs/testing';
import { MarbleRecorder } from './marbleRecorder.js';

export interface Marbles extends RunHelpers {
  readonly scheduler: TestScheduler;
}

/** `it` in virtual time: a fresh scheduler each, and a failure where nothing was checked. */
export function marbles(name: string, body: (helpers: Marbles) => void): void {
  it(name, function () {
    let checked = 0;
    const scheduler = new TestScheduler((actual, expected) => {
      checked += 1;
      expect(actual).to.deep.equal(expected);
    });
    const recorder = MarbleRecorder.of(this.test?.fullTitle() ?? name, body);
    scheduler.run((helpers) => {
      body({ ...(recorder?.around(helpers) ?? helpers), scheduler });
    });
    recorder?.write();
    expect(checked, 'a marble spec must check something').to.be.greaterThan(0);
  });
}
