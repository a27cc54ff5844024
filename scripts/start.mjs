import { build, install, isBuilt } from './setup.mjs';

/** `npm start`: sets a fresh clone up, then is the program itself, so that signals reach it and nobody else. */
if (!isBuilt()) {
  if (!install()) process.exit(1);
  // Not on standard output: that of the program may go into a pipe.
  console.error('building the program');
  if (!build({ shipped: true })) process.exit(1);
}
await import('../dist/main.js');
