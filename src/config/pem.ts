import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { readText } from './file.js';
import type { Problem, WhereIs } from './problem.js';

/** PEM files: their names, and once they are read their texts. */
export interface Pem {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

export const NO_PEM: Pem = { ca: undefined, cert: undefined, key: undefined };

/** Reads the files, so that one that can't be used is found at the start, and says what is wrong with them. */
export async function readPems(
  files: Pem,
  at: string,
  whereIs: WhereIs,
): Promise<{ readonly pem: Pem; readonly problems: readonly Problem[] }> {
  const problems: Problem[] = [];
  const problemAt = (key: string, message: string): Problem => ({ key, where: whereIs(key.split('.')), message });
  const read = async (name: keyof Pem): Promise<string | undefined> => {
    const path = files[name];
    if (path === undefined) return undefined;
    return readPem(path).catch((error: unknown) => {
      problems.push(problemAt(`${at}.${name}`, (error as Error).message));
      return undefined;
    });
  };
  const pem = { ca: await read('ca'), cert: await read('cert'), key: await read('key') };
  // That one of the two is missing is a fault of its own.
  if (problems.length > 0 || (files.cert === undefined) !== (files.key === undefined)) return { pem, problems };
  try {
    createSecureContext(pem);
    // It passes over an authority that it can't read.
    if (pem.ca !== undefined) new X509Certificate(pem.ca);
  } catch {
    // The library's own words may quote the file.
    problems.push(problemAt(at, 'expected certificates and a key, in PEM, that belong together'));
  }
  return { pem, problems };
}

async function readPem(path: string): Promise<string> {
  const text = await readText(path).catch((error: unknown) => {
    throw new Error(`expected a file that can be read: ${(error as Error).message}`, { cause: error });
  });
  if (!text.includes('-----BEGIN ')) throw new Error('expected a PEM file');
  return text;
}
