export const SUCCESS = 0;
/** Failure at run time. */
export const FAILURE = 1;
/** Bad usage or configuration. */
export const USAGE = 2;
