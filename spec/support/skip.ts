/** Skips the spec, or all those of the suite where called in `before`, and shows why behind the title of each. */
export function skipBecause(context: Mocha.Context, reason: string): never {
  const skipped = context.runnable() as Mocha.Hook | Mocha.Test;
  const explain = (one: Mocha.Runnable): void => {
    one.title += ` (${reason})`;
  };
  if (skipped.type === 'hook') skipped.parent?.eachTest(explain);
  else explain(skipped);
  context.skip();
}
