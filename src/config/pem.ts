import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { readText } from './file.js';
import type { Problem, WhereIs } from './problem.js';

/** PEM files: their names, and after reading their content. */
export interface Pem {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

export const NO_PEM: Pem = { ca: undefined, cert: undefined, key: undefined };

/** Reads the files at the start, so that an unusable one is reported then. */
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
  // A certificate without its key, or the reverse, is reported by the schema.
  if (problems.length > 0 || (files.cert === undefined) !== (files.key === undefined)) return { pem, problems };
  try {
    createSecureContext(pem);
    // The secure context silently skips an authority that it cannot read.
    if (pem.ca !== undefined) new X509Certificate(pem.ca);
  } catch {
    // The message of the library may quote the file.
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
