export const GOOD = 0;
/** Failure at run time. */
export const FAILED = 1;
/** Bad usage or configuration. */
export const USAGE = 2;
