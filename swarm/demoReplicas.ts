import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { EmbeddedRedis } from '#src/clients/embeddedRedis.js';
import { closeRedis, firstAttempt, openRedis } from '#src/clients/redis.js';
import { keysUnder } from '#src/domain/keys.js';
import { readReplicas, type Replicas } from '#src/replicas/readReplicas.js';
import { Cast } from './cast.js';
import { Scheduler, type LogLine } from './scheduler.js';
import { ended, FIRST_IP, over, PATIENCE_MS, pause, perform, FAST, screen, SECOND_IP } from './stage.js';

const CONSUMERS = 60;
const PRODUCERS = 5;
const NAMES = ['nas-1', 'nas-2', 'nas-3'] as const;
/** What is of no interest here: each replica says it, and nothing comes of it. */
const LEFT_OUT = new Set(['redis.up', 'process.stopping', 'process.stopped', 'process.started', 'leader.other']);

/** Three schedulers that share a registry: one is killed, the IP changes, and the killed one comes back. */
class Play {
  readonly running = new Map<string, Scheduler>();
  readonly #uuid = randomUUID();
  readonly #redis;
  readonly #keys = keysUnder('p2p:');
  page = '';

  constructor(
    private readonly cast: Cast,
    private readonly socketPath: string,
  ) {
    this.#redis = openRedis({ socketPath });
  }

  async all(): Promise<void> {
    await firstAttempt(this.#redis);
    await this.shareTheWork();
    await this.oneIsKilled();
    await this.ourIpChanges();
    await this.itIsBack();
  }

  async shareTheWork(): Promise<void> {
    for (const name of NAMES) await this.start(name);
    await this.even(NAMES.length);
    await this.tellWhoHasWhat();
    screen.hint('each checks its own share of the consumers; one of them leads: it announces our IP');
    const { message } = await this.seen(NAMES[0], ({ event }) => event === 'status.listening');
    this.page = /http:\S+/.exec(message)?.[0] ?? '';
    screen.hint(`open the page of ${NAMES[0]}: ${this.page}`);
    await pause(8);
  }

  async oneIsKilled(): Promise<void> {
    const victim = NAMES[1];
    screen.chapter(`${victim} is killed: no word, no signal that it could heed`);
    const killedAt = Date.now();
    await this.running.get(victim)?.kill();
    await this.running.get(victim)?.clear();
    this.running.delete(victim);
    await this.even(NAMES.length - 1);
    screen.hint(`its shares have moved within ${((Date.now() - killedAt) / 1_000).toFixed(1)} s`);
    await this.tellWhoHasWhat();
    await pause(8);
  }

  async ourIpChanges(): Promise<void> {
    screen.chapter('our public IP changes: the leader alone tells the producers');
    this.cast.ip = SECOND_IP;
    const isTold = ({ event, message }: LogLine): boolean =>
      event === 'announcements.complete' && message.includes(SECOND_IP);
    await Promise.race([...this.running.keys()].map((name) => this.seen(name, isTold)));
    const { producers } = this.cast;
    const calls = producers.map(({ it }) => it.told.get(this.#uuid)?.filter((ip) => ip === SECOND_IP).length ?? 0);
    const know = calls.filter((n) => n > 0).length;
    screen.hint(
      `${know} of ${producers.length} producers know ${SECOND_IP}, by ${calls.reduce((a, b) => a + b, 0)} calls`,
    );
    await pause(5);
  }

  async itIsBack(): Promise<void> {
    screen.chapter(`${NAMES[1]} is started again, and takes its due`);
    await this.start(NAMES[1]);
    await this.even(NAMES.length);
    await this.tellWhoHasWhat();
    await pause(3);
  }

  async start(name: string): Promise<void> {
    const config = {
      uuid: this.#uuid,
      redis: { url: `unix://${this.socketPath}` },
      replicas: { enabled: true, name, lease: '2s' },
      sync: { interval: FAST ? '1s' : '3s', timeout: '3s', suspectInterval: '500ms' },
      publicIp: { interval: FAST ? '500ms' : '2s', timeout: '3s', sources: this.cast.ipUrls.map((url) => ({ url })) },
      announce: { timeout: '3s', retry: { initial: '2s', max: '5s' } },
      network: { allow: ['loopback'] },
      status: { port: 0 },
    };
    const scheduler = await Scheduler.start(config, {}, ['run'], {
      detached: true,
      onLine: (line) => {
        if (LEFT_OUT.has(line.event ?? '') || line.event?.startsWith('round.') === true) return;
        screen.log({ ...line, message: `${name}: ${line.message}` });
      },
    });
    this.running.set(name, scheduler);
    void scheduler.ended().then((code) => {
      // One that was killed ends with -1.
      if (code > 0) process.exitCode = 1;
      if (code > 0) over.abort();
    });
  }

  /** Resolves once so many replicas share all shares evenly. */
  async even(count: number): Promise<void> {
    const until = Date.now() + PATIENCE_MS;
    while (Date.now() < until) {
      const { members, of = 0 } = await this.replicas();
      const shares = members.map((one) => one.shares ?? 0);
      const sum = shares.reduce((a, b) => a + b, 0);
      if (members.length === count && sum === of && Math.max(...shares) <= Math.ceil(of / count)) return;
      await Promise.race([delay(100), ended]);
    }
    throw new Error('the shares are not even');
  }

  /** Nobody, where a busy host does not answer in time. */
  replicas(): Promise<Replicas> {
    return readReplicas(this.#redis, this.#keys).catch(() => ({ members: [], of: undefined }));
  }

  async tellWhoHasWhat(): Promise<void> {
    const { members } = await this.replicas();
    const words = members.map(({ name, shares, leader }) => `${name ?? ''}${leader ? ' (leads)' : ''} ${shares ?? 0}`);
    screen.hint(`shares: ${words.join(', ')}`);
  }

  seen(name: string, wanted: (line: LogLine) => boolean): Promise<LogLine> {
    const scheduler = this.running.get(name);
    if (scheduler === undefined) throw new Error(`${name} does not run`);
    return Promise.race([scheduler.logged(wanted, PATIENCE_MS), ended]);
  }

  async close(): Promise<void> {
    await Promise.all([...this.running.values()].map((scheduler) => scheduler.stop()));
    await closeRedis(this.#redis);
  }
}

screen.chapter(`three schedulers share a registry of ${CONSUMERS} consumers and ${PRODUCERS} producers`);
const cast = await Cast.start(CONSUMERS, PRODUCERS, FIRST_IP);
const server = await EmbeddedRedis.start(cast.dataDir);
const play = new Play(cast, server.socketPath);

await perform(
  async () => {
    await play.all();
    return play.page;
  },
  async () => {
    await play.close();
    await server.stop();
    await cast.stop();
  },
);
