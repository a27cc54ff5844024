import { createRedisBackend, Queue, Worker } from 'bullmq';
import type { RedisClient } from '../clients/redis.js';
import { withTimeout } from '../clients/withTimeout.js';
import type { HeldShare, ShareEngine } from './engine.js';

export interface BullOptions {
  readonly redis: RedisClient;
  /** Prefix of all keys of the engine. */
  readonly prefix: string;
  readonly shares: number;
  readonly leaseMs: number;
}

/**
 * The fraction of the lease between two searches for expired locks, over all replicas. A lock must be missing in two
 * searches.
 */
const STALL_CHECK_FRACTION = 0.4;
/** No limit: a share is handed out again however often its holder has died. */
const UNLIMITED_STALLS = 1e15;
/** BullMQ records an event per hand-over. No program reads them, so few are kept. */
const KEPT_EVENTS = 100;

/**
 * Shares as BullMQ jobs that never end, one job per share, fetched by hand: the replica that has fetched a job holds
 * its lock while it renews it. BullMQ runs no processor, no loop and no connection of its own. Each step is a
 * command of a beat on the existing connection, and fails with it.
 */
export class BullEngine implements ShareEngine {
  readonly #queue: Queue;
  readonly #worker: Worker;

  constructor(private readonly options: BullOptions) {
    const { redis, prefix, shares, leaseMs } = options;
    const name = `shares-${String(shares)}`;
    const common = { connection: redis, prefix, skipVersionCheck: true, skipWaitingForReady: true };
    this.#queue = new Queue(name, {
      ...common,
      streams: { events: { maxLen: KEPT_EVENTS } },
      defaultJobOptions: { removeOnComplete: true, removeOnFail: true },
    });
    this.#worker = new Worker(
      name,
      null,
      {
        ...common,
        autorun: false,
        lockDuration: leaseMs,
        stalledInterval: leaseMs * STALL_CHECK_FRACTION,
        maxStalledCount: UNLIMITED_STALLS,
      },
      // A blocking connection is only needed by workers that wait for jobs.
      (queue, own) => createRedisBackend(queue, own),
    );
    // A failure already rejects the step in which it occurs.
    this.#queue.on('error', () => undefined);
    this.#worker.on('error', () => undefined);
  }

  lockOf(share: number): string {
    return `${this.#worker.toKey(idOf(share))}:lock`;
  }

  async renew(held: readonly HeldShare[]): Promise<ReadonlySet<number>> {
    const ids = held.map(({ share }) => idOf(share));
    const tokens = held.map(({ token }) => token);
    const lost = await withTimeout(this.#worker.extendJobLocks(ids, tokens, this.options.leaseMs));
    return new Set(lost.flatMap((id) => shareIn(id) ?? []));
  }

  async holderOf(share: number): Promise<string | undefined> {
    return (await withTimeout(this.options.redis.get(this.lockOf(share)))) ?? undefined;
  }

  async recover(): Promise<number> {
    const { shares } = this.options;
    await withTimeout(this.#worker.getBackend().moveStalledJobsToWait());
    const { wait = 0, active = 0 } = await this.#counts();
    if (wait + active >= shares) return wait;
    // Existing jobs are left unchanged.
    const all = Array.from({ length: shares }, (_, share) => ({
      name: 'share',
      data: null,
      opts: { jobId: idOf(share) },
    }));
    await withTimeout(this.#queue.addBulk(all));
    return (await this.#counts()).wait ?? 0;
  }

  async take(token: string): Promise<number | undefined> {
    const next = this.#worker.getNextJob(token, { block: false }) as Promise<{ readonly id?: string } | undefined>;
    const job = await withTimeout(next);
    return job?.id === undefined ? undefined : shareIn(job.id);
  }

  async giveBack({ share, token }: HeldShare): Promise<void> {
    await withTimeout(this.#worker.getBackend().moveJobFromActiveToWait(idOf(share), token));
  }

  async close(): Promise<void> {
    await Promise.all([this.#worker.close(), this.#queue.close()]);
  }

  #counts(): Promise<Record<string, number>> {
    return withTimeout(this.#queue.getJobCounts('wait', 'active'));
  }
}

function idOf(share: number): string {
  return `share-${String(share)}`;
}

function shareIn(id: string): number | undefined {
  const [, share] = /^share-(\d+)$/.exec(id) ?? [];
  return share === undefined ? undefined : Number(share);
}
