import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Order, Said } from './orders.js';

export type Done = Extract<Said, { done: Order }>;

/** The crowd as seen from the spec: one order at a time, and how things stand after it. */
export class CrowdProcess {
  private constructor(
    private readonly child: ChildProcess,
    readonly ipUrls: readonly string[],
  ) {}

  static async start(redisSocket: string): Promise<CrowdProcess> {
    const child = fork(fileURLToPath(new URL('crowd.js', import.meta.url)), {
      env: { ...process.env, SOAK_REDIS: redisSocket },
    });
    const said = await hear(child);
    return new CrowdProcess(child, 'ipUrls' in said ? said.ipUrls : []);
  }

  async order(order: Order): Promise<Done> {
    this.child.send(order);
    const said = await hear(this.child);
    if (!('done' in said)) throw new Error('the crowd has begun anew');
    return said;
  }

  async end(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.disconnect();
    await ended;
  }
}

/** Rejects where the crowd ends instead. */
async function hear(child: ChildProcess): Promise<Said> {
  const over = new AbortController();
  try {
    const [said] = (await Promise.race([
      once(child, 'message', { signal: over.signal }),
      once(child, 'exit', { signal: over.signal }).then(([code]) => {
        throw new Error(`the crowd has ended (${String(code)})`);
      }),
    ])) as [Said];
    return said;
  } finally {
    over.abort();
  }
}
