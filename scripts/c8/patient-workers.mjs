import { createRequire } from 'node:module';

/**
 * A worker of mocha writes its coverage when it ends, which on a busy machine takes longer than the second that mocha
 * leaves it before it kills it; the coverage of a third of the specs would be lost.
 */
const PATIENCE_MS = 60_000;

const workerpool = createRequire(createRequire(import.meta.url).resolve('mocha'))('workerpool');
const { pool } = workerpool;
workerpool.pool = (script, options) => pool(script, { ...options, workerTerminateTimeout: PATIENCE_MS });
