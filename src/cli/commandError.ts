/** A command could not do what it was asked for; the message is all that the user needs. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}
