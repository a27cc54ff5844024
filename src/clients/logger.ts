import { fstatSync } from 'node:fs';
import { formatWithOptions } from 'node:util';
import { createLogger, format, transports, type Logger } from 'winston';
import { wantsColour } from '../domain/text/colour.js';
import { escaped } from '../domain/text/printable.js';
import { logStream } from './logStream.js';

export interface LogOptions {
  readonly level: string;
  /** `auto`: pretty on a terminal, journal if standard error belongs to systemd, else json. */
  readonly format: 'json' | 'pretty' | 'journal' | 'auto';
}

const COLOURS: Readonly<Record<string, string>> = {
  error: '\u001b[31m',
  warn: '\u001b[33m',
  info: '\u001b[36m',
  debug: '\u001b[90m',
};
/** Syslog priorities. */
const PRIORITIES: Readonly<Record<string, number>> = { error: 3, warn: 4, info: 6, debug: 7 };
const MARKS: Readonly<Record<string, string>> = { error: '✖', warn: '▲', info: '●', debug: '·' };
/** Maximum length of a value in characters, except for the fields below. No value of our own is longer. */
const MAX_VALUE_LENGTH = 250;
const NOT_SHORTENED = ['message', 'stack'];
const DIM = '\u001b[2m';
const RESET = '\u001b[0m';

/** The log, on standard error. Standard output is for the results of a command. */
export function openLog(options: LogOptions, terminal = process.stderr.isTTY): Logger {
  const stream = logStream(process.stderr, (lost) => {
    logger.warn(`${String(lost)} lines of the log could not be written and are lost`, { event: 'log.lost' });
  });
  const logger = createLogger({
    // eslint-disable-next-line @typescript-eslint/no-unsafe-class-instance-assignment -- winston's own types
    transports: new transports.Stream({ stream }),
  });
  setLog(logger, options, terminal);
  return logger;
}

/** Applies the current settings to an open log. */
export function setLog(logger: Logger, { level, format: wanted }: LogOptions, terminal = process.stderr.isTTY): void {
  const usual = terminal ? 'pretty' : isJournal(process.env) ? 'journal' : 'json';
  logger.level = level;
  logger.format = formatOf(wanted === 'auto' ? usual : wanted, terminal);
}

function formatOf(name: Exclude<LogOptions['format'], 'auto'>, terminal: boolean) {
  switch (name) {
    case 'json':
      return jsonFormat();
    case 'pretty':
      return prettyFormat(wantsColour(process.env, terminal));
    case 'journal':
      return journalFormat();
  }
}

/**
 * Whether systemd reads our standard error. The variable identifies the stream, because a child process inherits it
 * even if its own standard error is another stream.
 */
function isJournal({ JOURNAL_STREAM }: NodeJS.ProcessEnv): boolean {
  if (JOURNAL_STREAM === undefined) return false;
  const { dev, ino } = fstatSync(process.stderr.fd);
  return JOURNAL_STREAM === `${String(dev)}:${String(ino)}`;
}

/**
 * Redirects to the log what a library or Node.js would print to the console. For example, ioredis warns about an
 * unneeded password.
 */
export function redirectConsole(logger: Logger): void {
  const warn = (...words: unknown[]): void => {
    logger.warn(formatWithOptions({ colors: false }, ...words), { event: 'library.warned' });
  };
  console.warn = warn;
  console.error = warn;
  process.removeAllListeners('warning').on('warning', ({ name, message }) => {
    warn(`${name}: ${message}`);
  });
}

/** At debug level a line contains the whole event, including text from other parties in the registry. */
function jsonFormat() {
  const shortened = (key: string, value: unknown): unknown =>
    typeof value === 'string' && !NOT_SHORTENED.includes(key) ? value.slice(0, MAX_VALUE_LENGTH) : value;
  return format.combine(
    format.timestamp(),
    format.printf((line) => escaped(JSON.stringify(line, shortened))),
  );
}

/** The journal adds its own times, and reads the level from the start of a line. */
function journalFormat() {
  return format.printf(({ level, message }) => `<${String(PRIORITIES[level] ?? 6)}>${escaped(String(message))}`);
}

function prettyFormat(colour: boolean) {
  return format.combine(
    format.timestamp({ format: 'HH:mm:ss' }),
    format.printf(({ level, message, timestamp }) => {
      const text = escaped(String(message));
      const mark = MARKS[level] ?? ' ';
      if (!colour) return `${String(timestamp)} ${mark} ${text}`;
      const tint = COLOURS[level] ?? '';
      const body = level === 'info' ? text : `${tint}${text}${RESET}`;
      return `${DIM}${String(timestamp)}${RESET} ${tint}${mark}${RESET} ${body}`;
    }),
  );
}
