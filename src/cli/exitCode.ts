export const GOOD = 0;
/** Failed while running. */
export const FAILED = 1;
/** Bad usage or configuration. */
export const USAGE = 2;
