import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../clone.js';

/** A page of the documentation, by its path in the project. */
export interface Page {
  readonly path: string;
  readonly text: string;
}

/** A fenced block: what stands behind the fence (`yaml a.yaml`), and the first line of what is in it. */
export interface Block {
  readonly page: string;
  readonly line: number;
  readonly language: string;
  readonly name: string | undefined;
  readonly text: string;
}

/** Every page that a reader is to find. */
export const PAGES: readonly Page[] = [
  'README.md',
  'CHANGELOG.md',
  'SECURITY.md',
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
].map((path) => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));

export function page(path: string): Page {
  const found = PAGES.find((one) => one.path === path);
  if (found === undefined) throw new Error(`there is no ${path}`);
  return found;
}

const FENCED = /^( *)```([^\n`]*)\n(.*?)^\1```$/gms;

/** The fenced blocks of a page, in order; one inside of a list loses its indent. */
export function blocksOf({ path, text }: Page): readonly Block[] {
  return [...text.matchAll(FENCED)].map(({ index, 1: indent = '', 2: info = '', 3: inner = '' }) => {
    const [language = '', name] = info.trim().split(/ +/);
    const line = text.slice(0, index).split('\n').length;
    return { page: path, line, language, name, text: inner.replaceAll(new RegExp(`^${indent}`, 'gm'), '') };
  });
}

/** The page without its fenced blocks, which are no Markdown. */
export function proseOf({ text }: Page): string {
  return text.replaceAll(FENCED, '');
}
