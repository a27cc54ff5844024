import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { readText } from './file.js';
import { ConfigError, type Problem, type WhereIs } from './problem.js';

/** PEM files: their names, and after reading their content. */
export interface Pem {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

/** Reads the files at the start, so that an unusable one is reported then. Rejects with a `ConfigError`. */
export async function readPems(files: Pem, at: string, whereIs: WhereIs): Promise<Pem> {
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
  if (problems.length > 0) throw new ConfigError(problems);
  try {
    createSecureContext(pem);
    // The secure context silently skips an authority that it cannot read.
    if (pem.ca !== undefined) new X509Certificate(pem.ca);
  } catch {
    // The message of the library may quote the file.
    throw new ConfigError([problemAt(at, 'expected certificates and a key, in PEM, that belong together')]);
  }
  return pem;
}

async function readPem(path: string): Promise<string> {
  const text = await readText(path).catch((error: unknown) => {
    throw new Error(`expected a file that can be read: ${(error as Error).message}`, { cause: error });
  });
  if (!text.includes('-----BEGIN ')) throw new Error('expected a PEM file');
  return text;
}
