import { escaped } from '#src/domain/text/printable.js';
import { describe as inWords } from '#src/sinks/log/describe.js';
import type { Line } from '#src/sinks/log/line.js';
import { expectKept } from '../../support/kept.js';
import { samples } from '../../support/samples.js';

const HEAD = `What the log says of each event: level · topic · cause · message, with – for a topic or a cause that is not there.
Lines that are further in are the same event's. A line with a topic is logged once while its cause stays the same; one
with a topic and no cause ends that. \`npm run transcripts\` writes this file.
`;

describe('the words of the log', () => {
  it('are those that were reviewed, for each kind of event and each of its cases', () => {
    const kinds = samples().map(([kind, events]) => `# ${kind}\n${events.map(inLines).join('')}`);
    expectKept('log-lines', [HEAD, ...kinds].join('\n'));
  });
});

function inLines(event: Parameters<typeof inWords>[0]): string {
  const lines = inWords(event).map(inLine);
  return lines.length === 0 ? 'nothing\n' : `${lines.join('\n  ')}\n`;
}

function inLine({ level, topic, condition, message, ...rest }: Line): string {
  return escaped([level, topic ?? '–', condition ?? '–', message, ...Object.values(rest)].join(' · '));
}
