import { expect } from 'chai';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';
import { skipBecause } from '../support/skip.js';

const START = fileURLToPath(new URL('../../../scripts/demo.mjs', import.meta.url));
const DEMO = fileURLToPath(import.meta.resolve('#swarm/demo.js'));
const CHAPTERS = [
  'consumers and 5 producers',
  'four consumers fail',
  'they are back',
  'our own line is cut',
  'the line is mended',
  'our public IP changes',
  'it is repaired',
];

/** How the page begins as text. */
const SENTENCE = /^(OK|Note|Act): \S/;

interface Seen {
  readonly code: number | null;
  readonly lines: readonly string[];
  /** What the page said of the node while the demo ran. */
  readonly page: string;
  /** Where it was. */
  readonly url: string;
}

describe('the demo', () => {
  /** Watches it to its end. */
  const watched = async (child: ChildProcess): Promise<Seen> => {
    let output = '';
    let page: Promise<string> | undefined;
    let url = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      url = /open the page: (http:\S+)/.exec(stripVTControlCharacters(output))?.[1] ?? '';
      if (url !== '') page ??= textAt(url);
    });
    const [code] = (await once(child, 'close')) as [number | null];
    const lines = stripVTControlCharacters(output).replaceAll('\r', '').split('\n');
    return { code, lines, page: (await page) ?? '', url };
  };
  const expectPlayed = ({ lines, page }: Seen): void => {
    for (const line of lines) expect(line.length, line).to.be.at.most(80);
    expect(page).to.match(SENTENCE);
    const titles = lines.filter((line) => line.startsWith('── '));
    CHAPTERS.forEach((chapter, i) => {
      expect(titles[i]).to.include(chapter);
    });
    for (const title of titles.slice(0, CHAPTERS.length)) {
      const chapter = lines.slice(lines.indexOf(title) + 1);
      const next = chapter.findIndex((line) => line.startsWith('── '));
      expect(chapter.slice(0, next === -1 ? undefined : next).join('\n'), title).to.include('→ on the page: ');
    }
  };

  const inAPipe = (): Promise<Seen> =>
    watched(spawn(process.execPath, [DEMO, '--fast'], { stdio: ['ignore', 'pipe', 'pipe'] }));
  const onATerminal = async (): Promise<Seen & { readonly pageAtTheEnd: string }> => {
    const line = `stty columns 80; exec ${process.execPath} ${DEMO} --fast`;
    const child = spawn('script', ['-qec', line, '/dev/null'], { stdio: ['pipe', 'pipe', 'ignore'] });
    let atTheEnd: Promise<string> | undefined;
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      const [, url = ''] = /until you press Ctrl-C[\s\S]*→ (http:[\w:./]+)/.exec(output) ?? [];
      if (url === '' || atTheEnd !== undefined) return;
      atTheEnd = textAt(url).finally(() => child.stdin.write('\u0003'));
    });
    const seen = await watched(child);
    return { ...seen, pageAtTheEnd: (await atTheEnd) ?? '' };
  };
  // Each takes about 20 s and is mostly waiting, so both are on at once.
  let piped: Seen;
  let terminal: Awaited<ReturnType<typeof onATerminal>> | undefined;
  before(async function () {
    this.timeout(90_000);
    [piped, terminal] = await Promise.all([inAPipe(), process.platform === 'linux' ? onATerminal() : undefined]);
  });

  it('says what to look at on its page, blames nobody for our own outage, and ends where nobody looks on', async () => {
    const text = piped.lines.join('\n');
    expect(piped.code, text).to.equal(0);
    expectPlayed(piped);
    const [, ourOutage = ''] = /our own line is cut([\s\S]*)our public IP changes/.exec(text) ?? [];
    expect(ourOutage).to.include('we seem to be offline').and.not.include('is unavailable');
    expect(text).to.match(/= 4 failed and were found within \d+\.\d s; 0 others were doubted/);
    expect(text).to.include('peer stranger is unavailable').and.include('= 0 of 20 consumers were blamed');
    expect(text).to.include('= 5 of 5 producers were told 93.184.216.99');
    expect(await textAt(piped.url)).to.equal('nobody answers');
  });

  it('sums up each chapter, at last in the sentence of its page', () => {
    const sums = piped.lines.filter((line) => line.startsWith('= '));
    expect(sums.length).to.be.at.least(CHAPTERS.length);
    expect(sums.at(-1)).to.match(/^= Well connected: 20 of 20 consumers answer/);
  });

  it('says how it is used, and what is wrong with its words', () => {
    const said = (...words: string[]) => spawnSync(process.execPath, [START, ...words], { encoding: 'utf8' });
    const help = said('--help');
    expect([help.status, help.stderr]).to.deep.equal([0, '']);
    for (const line of help.stdout.split('\n')) expect(line.length).to.be.at.most(80);
    for (const wrong of [['nothing'], ['--chapter', 'last'], ['replicas', '--chapter', 'ip'], ['--fats']]) {
      const { status, stdout, stderr } = said(...wrong);
      expect(status, wrong.join(' ')).to.equal(2);
      expect(stdout + stderr)
        .to.include(wrong.at(-1))
        .and.include('Usage: npm run demo');
    }
  });

  it('keeps the page on a terminal until Ctrl-C', async function () {
    if (terminal === undefined) skipBecause(this, 'script(1) takes these arguments on Linux only');
    expect(terminal.code, terminal.lines.join('\n')).to.equal(0);
    expectPlayed(terminal);
    expect(terminal.pageAtTheEnd).to.match(SENTENCE);
    expect(await textAt(terminal.url)).to.equal('nobody answers');
  });
});

async function textAt(url: string): Promise<string> {
  return fetch(url, { headers: { accept: 'text/plain' } })
    .then((response) => response.text())
    .catch(() => 'nobody answers');
}
