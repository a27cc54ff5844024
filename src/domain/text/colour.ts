/** The colour settings in the environment (no-color.org, force-color.org). */
export interface ColourSettings {
  readonly NO_COLOR?: string | undefined;
  readonly FORCE_COLOR?: string | undefined;
  readonly TERM?: string | undefined;
}

/** Whether an output uses colours: FORCE_COLOR decides, else NO_COLOR, else whether it is a terminal. */
export function wantsColour({ NO_COLOR = '', FORCE_COLOR, TERM }: ColourSettings, terminal: boolean): boolean {
  if (FORCE_COLOR !== undefined) return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false';
  return terminal && NO_COLOR === '' && TERM !== 'dumb';
}
