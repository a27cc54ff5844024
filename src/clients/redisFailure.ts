const LONGEST = 200;

/** The failure of a command that says nothing of the cause. */
export const NO_CONNECTION = 'no connection';

/** What ioredis says where the server's own words are not to be had, and what it comes to. */
const SAID: readonly (readonly [RegExp, string])[] = [
  [/enableOfflineQueue|Connection is closed|Stream isn't writeable|Reached the max retries/i, NO_CONNECTION],
  [/^Command aborted due to connection close/, 'the connection was lost'],
  [/^(Command timed out|Socket timeout)/, 'no answer within a second'],
];

/**
 * A short text for what a command rejected with: the server's own error line, or what the connection met. Never the
 * command's arguments, which is where a password or a peer's words would be.
 */
export function redisFailure(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown failure';
  const { message } = innermost(error);
  const said = SAID.find(([pattern]) => pattern.test(message));
  if (said !== undefined) return said[1];
  // An unknown command is quoted back by the server with what came after it.
  const [line = ''] = message.split(/[\r\n]|, with args beginning with/, 1);
  return line === '' ? error.name : line.slice(0, LONGEST);
}

/** A cluster, or a name with several addresses, fails with the failures of its parts inside. */
function innermost(error: Error): Error {
  const { lastNodeError } = error as { lastNodeError?: unknown };
  if (lastNodeError instanceof Error) return innermost(lastNodeError);
  if (!(error instanceof AggregateError)) return error;
  const [first] = error.errors as readonly unknown[];
  return first instanceof Error ? innermost(first) : error;
}
