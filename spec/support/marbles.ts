import { expect } from 'chai';
import { TestScheduler, type RunHelpers } from 'rxjs/testing';

export interface Marbles extends RunHelpers {
  readonly scheduler: TestScheduler;
}

/** `it` in virtual time: a fresh scheduler each, and a failure where nothing was checked. */
export function marbles(name: string, body: (helpers: Marbles) => void): void {
  it(name, () => {
    let checked = 0;
    const scheduler = new TestScheduler((actual, expected) => {
      checked += 1;
      expect(actual).to.deep.equal(expected);
    });
    scheduler.run((helpers) => {
      body({ ...helpers, scheduler });
    });
    expect(checked, 'a marble spec must check something').to.be.greaterThan(0);
  });
}
