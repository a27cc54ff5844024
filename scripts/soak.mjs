import { runScaled } from './scaled.mjs';

/** The soak: 100 rounds, or as many times that (`npm run soak -- 100` for 10,000, about a quarter of an hour). */
runScaled('.build/spec/faults/soak.spec.js');
