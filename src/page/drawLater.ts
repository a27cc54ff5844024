import type { draw } from './draw.js';

interface Module {
  readonly draw: typeof draw;
}

const RETRY_MS = 3_000;

let loading: Promise<Module> | undefined;

/** What draws charts, with the library for it: asked for when the first chart is there, and again until it has come. */
export function drawLater(): Promise<Module> {
  return (loading ??= load());
}

async function load(): Promise<Module> {
  for (let tries = 1; ; tries++) {
    try {
      // A browser remembers of an address that it could not be loaded.
      return tries === 1 ? await import('./draw.js') : ((await import(`./draw.js?${tries}`)) as Module);
    } catch {
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}
