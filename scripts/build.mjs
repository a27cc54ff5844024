import { build, install } from './setup.mjs';

/** Builds everything, or with --shipped only what ships; installs first what that takes. */
process.exitCode = install() && build({ shipped: process.argv.includes('--shipped') }) ? 0 : 1;
