import { specs } from './specs.mjs';
import { conclude, setUp } from './stages.mjs';

/** Writes spec/transcripts/ anew: what operators read, as it is now. The difference is for review. */
const WRITERS = ['process/transcripts.int', 'sinks/log/words', 'sinks/journalEntries'];

process.env.UPDATE_TRANSCRIPTS = '1';
conclude([...setUp, ['transcripts', () => specs({ words: WRITERS.map((name) => `spec/${name}.spec.ts`) })]]);
