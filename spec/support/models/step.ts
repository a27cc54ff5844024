import type { AsyncCommand } from 'fast-check';

type Act<M, R> = (model: M, real: R) => Promise<void> | void;

/** Makes steps that are taken in the model and for real, after each of which the two have to be the same. */
export function stepping<M extends object, R>(
  count: { taken: number },
  expectSame: (model: M, real: R) => Promise<void>,
): (name: string, act: Act<M, R>, possible?: (model: Readonly<M>) => boolean) => AsyncCommand<M, R> {
  return (name, act, possible = () => true) => ({
    check: (model) => possible(model),
    run: async (model, real) => {
      count.taken += 1;
      await act(model, real);
      await expectSame(model, real);
    },
    toString: () => name,
  });
}
