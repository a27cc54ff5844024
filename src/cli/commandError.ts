/** A command has failed. The message contains everything that the user needs. */
export class CommandError extends Error {
  override readonly name: string = 'CommandError';
}

/** The arguments of the command are invalid. */
export class UsageError extends CommandError {
  override readonly name = 'UsageError';
}
