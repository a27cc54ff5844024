/** A command could not do what it was asked for; the message is all that the user needs. */
export class CommandError extends Error {
  override readonly name: string = 'CommandError';
}

/** What was asked for makes no sense. */
export class UsageError extends CommandError {
  override readonly name = 'UsageError';
}
