import { randomUUID } from 'node:crypto';
import { Cast, FAILING, type Actor } from './cast.js';
import type { Endpoint } from './endpoint.js';
import { Scheduler, type LogLine } from './scheduler.js';
import { CHAPTER, ended, FAST, FIRST_IP, over, PATIENCE_MS, pause, perform, screen, SECOND_IP } from './stage.js';

const CONSUMERS = 20;
const PRODUCERS = 5;
const INTERVAL = FAST ? '1s' : '3s';

function startScheduler(cast: Cast, uuid: string): Promise<Scheduler> {
  const config = {
    uuid,
    redis: { url: 'embedded', dataDir: cast.dataDir },
    sync: {
      interval: INTERVAL,
      timeout: '1s',
      suspectInterval: FAST ? '500ms' : '1500ms',
      unavailable: { interval: FAST ? '500ms' : '2s' },
    },
    publicIp: { interval: FAST ? '500ms' : '2s', timeout: '1s', sources: cast.ipUrls.map((url) => ({ url })) },
    announce: { timeout: '1s', retry: { initial: '2s', max: '5s' } },
    network: { allow: ['loopback'] },
    // Another scheduler of this host may have the usual port.
    status: { port: 0 },
  };
  return Scheduler.start(config, {}, ['run'], {
    // A group of its own: a Ctrl-C and then our SIGTERM would be two signals, and the second ends it at once.
    detached: true,
    onLine: (line) => {
      screen.log(line);
    },
  });
}

/** The chapters. Each says what to look for, waits for it, gives the viewer a moment, and sums up. */
class Play {
  page = '';
  readonly #chapters = { failures: () => this.failures(), offline: () => this.offline(), ip: () => this.newIp() };

  constructor(
    private readonly cast: Cast,
    private readonly scheduler: Scheduler,
    private readonly uuid: string,
  ) {}

  async all(): Promise<void> {
    await this.beginning();
    for (const [name, play] of Object.entries(this.#chapters)) {
      if (CHAPTER === undefined || CHAPTER === name) await play();
    }
  }

  async beginning(): Promise<void> {
    const { message } = await this.seen(({ event }) => event === 'status.listening');
    this.page = /http:\S+/.exec(message)?.[0] ?? '';
    screen.hint(`open the page: ${this.page}`);
    screen.hint('on the page: all answer; "Who knows our address" fills up');
    await this.seen(({ event }) => event === 'announcements.complete');
    await pause(8);
    await this.sumUp();
  }

  async failures(): Promise<void> {
    const [silent, failing, gone, stranger] = this.cast.consumers;
    if (silent === undefined || failing === undefined || gone === undefined || stranger === undefined) return;
    const four = [silent, failing, gone, stranger];
    screen.chapter('four consumers fail, each in its own way');
    screen.hint(`silent (${short(silent)}) takes the call and never answers`);
    screen.hint(`failing (${short(failing)}) answers 500`);
    screen.hint(`gone (${short(gone)}) has closed its port`);
    screen.hint(`stranger (${short(stranger)}): its address belongs to somebody else now`);
    screen.hint('on the page: "Peers", problems first: suspect, then unavailable');
    const from = this.now();
    silent.it.behave('silence');
    failing.it.behave({ status: 500 });
    stranger.it.behave('wrong-identity');
    await gone.it.goDark();
    await this.eachSeen(four, 'is unavailable');
    const seconds = ((this.now().at - from.at) / 1_000).toFixed(1);
    await pause(5);
    const doubted = this.cast.consumers.filter((one) => !four.includes(one) && this.isNamed(one, from.line)).length;
    screen.sum(`${FAILING.length} failed and were found within ${seconds} s; ${doubted} others were doubted`);
    screen.chapter('they are back');
    screen.hint('on the page: click one of them in "Peers" for its history');
    for (const one of [silent, failing, stranger]) one.it.behave('well');
    await gone.it.comeBack();
    await this.eachSeen(four, 'is available, was unavailable');
    await pause(5);
    await this.sumUp();
  }

  async offline(): Promise<void> {
    screen.chapter('our own line is cut: nobody can be reached');
    screen.hint('on the page: the sentence says that it is us; no peer falls');
    const from = this.now();
    this.cast.goOffline();
    await this.seen(({ event }) => event === 'isolation.began', from.line);
    await pause(8);
    await this.sumUp();
    screen.chapter('the line is mended');
    screen.hint('on the page: the outage in "Me, them, or the line"');
    this.cast.goOnline();
    await this.seen(({ event }) => event === 'isolation.ended', from.line);
    const mended = this.now().line;
    await this.seen(({ message }) => message.includes(`${CONSUMERS} of ${CONSUMERS} answered`), mended);
    await pause(5);
    const blamed = this.scheduler.lines.slice(from.line).filter(({ message }) => message.includes('is unavailable'));
    screen.sum(`${blamed.length} of ${CONSUMERS} consumers were blamed for our own outage`);
    await this.sumUp();
  }

  async newIp(): Promise<void> {
    const [stubborn] = this.cast.producers;
    screen.chapter('our public IP changes, and one producer is out of order');
    screen.hint('on the page: "Who knows our address" names who still owes an answer');
    stubborn?.it.endpoint.behave({ status: 503 });
    this.cast.ip = SECOND_IP;
    await this.seen(({ event, message }) => event === 'announcement.failed' && message.includes(SECOND_IP));
    await pause(6);
    this.sumUpProducers();
    screen.chapter('it is repaired: the announcement is repeated until acknowledged');
    screen.hint('on the page: the last producer knows our address');
    stubborn?.it.endpoint.behave('well');
    await this.seen(({ event, message }) => event === 'announcements.complete' && message.includes(SECOND_IP));
    this.sumUpProducers();
    await pause(1);
    await this.sumUp();
  }

  /** In the sentence that the page begins with. */
  async sumUp(): Promise<void> {
    const response = await fetch(new URL('api/status', this.page), { signal: over.signal });
    screen.sum(((await response.json()) as { readonly summary: string }).summary);
  }

  sumUpProducers(): void {
    const { producers } = this.cast;
    const know = producers.filter(({ it }) => it.told.get(this.uuid)?.at(-1) === SECOND_IP).length;
    screen.sum(`${know} of ${producers.length} producers were told ${SECOND_IP}`);
  }

  /** Where the story is: the time, and the next line of the log. */
  now(): { readonly at: number; readonly line: number } {
    return { at: Date.now(), line: this.scheduler.lines.length };
  }

  /** Waits for a line of the log, from the given one on; rejects where the demo ends. */
  seen(wanted: (line: LogLine) => boolean, from = 0): Promise<LogLine> {
    const isNew = (line: LogLine): boolean => wanted(line) && this.scheduler.lines.indexOf(line, from) >= from;
    return Promise.race([this.scheduler.logged(isNew, PATIENCE_MS), ended]);
  }

  isNamed({ uuid }: Actor<Endpoint>, from: number): boolean {
    return this.scheduler.lines.slice(from).some(({ message }) => message.includes(uuid));
  }

  async eachSeen(actors: readonly Actor<unknown>[], words: string): Promise<void> {
    await Promise.all(
      actors.map(({ uuid }) => this.seen(({ message }) => message.includes(uuid) && message.includes(words))),
    );
  }
}

function short({ uuid }: Actor<unknown>): string {
  return uuid.slice(0, 8);
}

screen.chapter(`${CONSUMERS} consumers and ${PRODUCERS} producers on loopback; a round every ${INTERVAL}`);
const cast = await Cast.start(CONSUMERS, PRODUCERS, FIRST_IP);
screen.names = new Map([...cast.consumers, ...cast.producers].map(({ uuid, name }) => [uuid, name]));
let scheduler: Scheduler | undefined;

await perform(
  async () => {
    const uuid = randomUUID();
    scheduler = await startScheduler(cast, uuid);
    void scheduler.ended().then((code) => {
      if (code !== 0) process.exitCode = 1;
      over.abort();
    });
    const play = new Play(cast, scheduler, uuid);
    await play.all();
    return play.page;
  },
  async () => {
    // The scheduler before those whom it calls.
    await scheduler?.stop();
    await cast.stop();
  },
);
