/** Replaces our UUID in commands that do not need it. */
export const NO_UUID = '00000000-0000-0000-0000-000000000000';
