export { counted, duration } from '../../domain/text/words.js';
