import { specs } from './specs.mjs';
import { conclude, setUp } from './stages.mjs';

/** Writes spec/transcripts/ anew: what operators read of each command, as it is now. The difference is for review. */
process.env.UPDATE_TRANSCRIPTS = '1';
conclude([...setUp, ['transcripts', () => specs({ words: ['spec/process/transcripts.int.spec.ts'] })]]);
