import { randomUUID } from 'node:crypto';
import { Cast } from './cast.js';
import { Scheduler, type LogLine } from './scheduler.js';
import { ended, FIRST_IP, over, PATIENCE_MS, pause, perform, QUICK, screen, SECOND_IP } from './stage.js';

const CONSUMERS = 20;
const PRODUCERS = 5;

function startScheduler(cast: Cast, uuid: string): Promise<Scheduler> {
  const config = {
    uuid,
    redis: { url: 'embedded', dataDir: cast.dataDir },
    sync: {
      interval: QUICK ? '1s' : '3s',
      timeout: '1s',
      suspectInterval: QUICK ? '500ms' : '1500ms',
      unavailable: { interval: QUICK ? '500ms' : '2s' },
    },
    publicIp: { interval: QUICK ? '500ms' : '2s', timeout: '1s', sources: cast.ipUrls.map((url) => ({ url })) },
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

/** The chapters. Each waits for what it is about, and then gives the viewer a moment. */
class Play {
  page = '';

  constructor(
    private readonly cast: Cast,
    private readonly scheduler: Scheduler,
    private readonly uuid: string,
  ) {}

  async all(): Promise<void> {
    await this.beginning();
    await this.peersDie();
    await this.weGoOffline();
    await this.ourIpChanges();
  }

  async beginning(): Promise<void> {
    const { message } = await this.seen(({ event }) => event === 'status.listening');
    this.page = /http:\S+/.exec(message)?.[0] ?? '';
    screen.hint(`open the page: ${this.page}`);
    await this.seen(({ event }) => event === 'announcements.complete');
    screen.hint('on the page: all answer; "Who knows our address" fills up');
    await pause(8);
  }

  async peersDie(): Promise<void> {
    const [silent, failing, gone] = this.cast.consumers;
    if (silent === undefined || failing === undefined || gone === undefined) return;
    screen.chapter('three consumers fail: one is silent, one says 500, one is gone');
    screen.hint('on the page: "Peers", problems first: suspect, then unavailable');
    silent.it.behave('silence');
    failing.it.behave({ status: 500 });
    await gone.it.goDark();
    const three = [silent, failing, gone].map(({ uuid }) => uuid);
    await this.eachSeen(three, 'is unavailable');
    await pause(5);
    screen.chapter('they are back');
    screen.hint('on the page: click one of them in "Peers" for its history');
    silent.it.behave('well');
    failing.it.behave('well');
    await gone.it.comeBack();
    await this.eachSeen(three, 'is available, was unavailable');
    await pause(5);
  }

  async weGoOffline(): Promise<void> {
    screen.chapter('our own line is cut: nobody can be reached');
    screen.hint('on the page: the sentence says that it is us; no peer falls');
    this.cast.goOffline();
    await this.seen(({ event }) => event === 'isolation.began');
    await pause(8);
    screen.chapter('the line is mended');
    screen.hint('on the page: the outage in "Me, them, or the line"');
    this.cast.goOnline();
    await this.seen(({ event }) => event === 'isolation.ended');
    await pause(5);
  }

  async ourIpChanges(): Promise<void> {
    const [stubborn] = this.cast.producers;
    screen.chapter('our public IP changes, and one producer is out of order');
    screen.hint('on the page: "Who knows our address" names who still owes an answer');
    stubborn?.it.endpoint.behave({ status: 503 });
    this.cast.ip = SECOND_IP;
    await this.seen(({ event, message }) => event === 'announcement.failed' && message.includes(SECOND_IP));
    await pause(6);
    this.tellWhoKnows();
    screen.chapter('it is repaired: the announcement is repeated until acknowledged');
    screen.hint('on the page: the last producer knows our address');
    stubborn?.it.endpoint.behave('well');
    await this.seen(({ event, message }) => event === 'announcements.complete' && message.includes(SECOND_IP));
    this.tellWhoKnows();
    await pause(1);
  }

  tellWhoKnows(): void {
    const { producers } = this.cast;
    const know = producers.filter(({ it }) => it.told.get(this.uuid)?.at(-1) === SECOND_IP).length;
    screen.hint(`${know} of ${producers.length} producers were told ${SECOND_IP}`);
  }

  /** Waits for a line of the log; rejects where the demo ends. */
  seen(wanted: (line: LogLine) => boolean): Promise<LogLine> {
    return Promise.race([this.scheduler.logged(wanted, PATIENCE_MS), ended]);
  }

  async eachSeen(uuids: readonly string[], words: string): Promise<void> {
    await Promise.all(
      uuids.map((uuid) => this.seen(({ message }) => message.includes(uuid) && message.includes(words))),
    );
  }
}

screen.chapter(`${CONSUMERS} consumers and ${PRODUCERS} producers on loopback; a round every 3 s`);
const cast = await Cast.start(CONSUMERS, PRODUCERS, FIRST_IP);
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
