import { createReadStream } from 'node:fs';
import { buffer } from 'node:stream/consumers';

const MIB = 1_048_576;

/** The text of a file of at most 1 MiB, whatever kind of file it is. Rejects with one clear sentence. */
export async function readText(file: string): Promise<string> {
  const bytes = await buffer(createReadStream(file, { end: MIB })).catch((error: unknown) => {
    throw new Error(reasonOf(error), { cause: error });
  });
  if (bytes.length > MIB) throw new Error('larger than 1 MiB');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Error('not text in UTF-8');
  }
}

function reasonOf(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return 'no such file';
    case 'EISDIR':
      return 'is a folder, not a file';
    case 'EACCES':
      return 'may not be read';
    default:
      return `could not be read (${code ?? 'unknown reason'})`;
  }
}
