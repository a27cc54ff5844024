import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig, type Loaded } from '#src/config/load.js';
import { ConfigError, printed } from '#src/config/problem.js';

export const UUID = '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11';

/** A folder of its own for as long as the work takes. */
export async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'config-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The same for every text, so that what is relative to it is the same as well. */
export const FOLDER = join(tmpdir(), `config-${process.pid}`);

/** What the text of a configuration file comes to. */
export async function loadText(source: string | Uint8Array, env: NodeJS.ProcessEnv = {}): Promise<Loaded> {
  await mkdir(FOLDER, { recursive: true });
  try {
    const file = join(FOLDER, 'config.yaml');
    await writeFile(file, source);
    return await loadConfig({ file, env });
  } finally {
    await rm(FOLDER, { recursive: true });
  }
}

/** What is wrong with it, one line each, without the folder. Anything thrown but a ConfigError is thrown on. */
export async function problemsIn(loading: Promise<unknown>): Promise<string[]> {
  try {
    await loading;
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map((problem) => printed(problem).replace(/\(\/\S*\//, '('));
  }
}
