import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../run.mjs';

/**
 * A module of types alone compiles to `export {}`, so nobody ever imports it, and c8 takes each of its lines for one
 * that never ran. Loaded here, it counts as types beside code do. A module with anything to run is left alone.
 */
const dist = join(root, 'dist');
for (const name of readdirSync(dist, { recursive: true })) {
  if (!name.endsWith('.js')) continue;
  const path = join(dist, name);
  if (/^export \{\};\s*(\/\/# sourceMappingURL=\S+\s*)?$/.test(readFileSync(path, 'utf8'))) {
    await import(pathToFileURL(path).href);
  }
}
