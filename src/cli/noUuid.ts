/** Stands for our UUID where a command does without it. */
export const NO_UUID = '00000000-0000-0000-0000-000000000000';
