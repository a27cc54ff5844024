import { build } from './setup.mjs';

process.exitCode = build() ? 0 : 1;
