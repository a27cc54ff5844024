import type { Status } from '../status/schema.js';

export type Level = Status['level'];
