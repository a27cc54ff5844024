import { build, install, isBuilt } from './setup.mjs';

/** `npm start`: sets a fresh clone up, then is the program itself, so that signals reach it and nobody else. */
if (!isBuilt() && !(install() && build({ shipped: true }))) process.exit(1);
await import('../dist/main.js');
