export type Level = 'error' | 'warn' | 'info' | 'debug';

/** A line for the log. */
export interface Line {
  readonly level: Level;
  readonly message: string;
  /** Where given, the line is about a standing condition: it is logged only when that is new. */
  readonly topic?: string;
  /** The condition; where it is missing, the line says that the condition has ended. */
  readonly condition?: string;
}
