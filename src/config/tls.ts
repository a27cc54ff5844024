import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import type { Config } from './config.js';
import { ConfigError, type Problem } from './problem.js';
import { readText } from './readText.js';

type Tls = Config['http']['tls'];

/** Reads the PEM files: one that can't be used is found at the start and not at the first call. Rejects as such. */
export async function readTls(files: Tls, whereIs: (path: readonly string[]) => string | undefined): Promise<Tls> {
  const problems: Problem[] = [];
  const read = async (name: keyof Tls): Promise<string | undefined> => {
    const file = files[name];
    if (file === undefined) return undefined;
    return readPem(file).catch((error: unknown) => {
      problems.push({
        key: `http.tls.${name}`,
        where: whereIs(['http', 'tls', name]),
        message: (error as Error).message,
      });
      return undefined;
    });
  };
  const tls = { ca: await read('ca'), cert: await read('cert'), key: await read('key') };
  if (problems.length > 0) throw new ConfigError(problems);
  try {
    createSecureContext(tls);
    // It passes over an authority that it can't read.
    if (tls.ca !== undefined) new X509Certificate(tls.ca);
  } catch {
    // The library's own words may quote the file.
    const message = 'expected certificates and a key, in PEM, that belong together';
    throw new ConfigError([{ key: 'http.tls', where: whereIs(['http', 'tls']), message }]);
  }
  return tls;
}

async function readPem(file: string): Promise<string> {
  const text = await readText(file).catch((error: unknown) => {
    throw new Error(`expected a file that can be read: ${(error as Error).message}`, { cause: error });
  });
  if (!text.includes('-----BEGIN ')) throw new Error('expected a PEM file');
  return text;
}
