import { runScaled } from './scaled.mjs';

/** The faults, each injected for real: `npm run test:faults -- 20` for 200 kills, 100,000 inputs and so on. */
runScaled('.build/spec/faults/!(soak).spec.js', '.build/spec/process/replicas.int.spec.js');
