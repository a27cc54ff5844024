export type Level = 'error' | 'warn' | 'info' | 'debug';

/** A line for the log. */
export interface Line {
  readonly level: Level;
  readonly message: string;
  /** If set, the line is about a lasting condition and is logged only when the condition changes. */
  readonly topic?: string;
  /** The current condition. If it is missing, the line reports the end of the condition. */
  readonly condition?: string;
}
