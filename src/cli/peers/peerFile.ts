import { readEntry } from '../../domain/peer/entry.js';
import type { PeerKind } from '../../domain/peer/peer.js';
import { UUID } from '../../domain/peer/uuid.js';
import { quoted } from '../../domain/text/printable.js';
import { ANY_CLASS, KINDS } from './kinds.js';

/** A peer in a file: the API-owned fields of an entry. */
export interface FilePeer {
  readonly kind: PeerKind;
  readonly uuid: string;
  /** As written in the file. */
  readonly ip: string;
  readonly port: string | undefined;
}

/** The fault of a line; lines are counted from 1. */
export interface Fault {
  readonly line: number;
  readonly message: string;
}

export const CSV_HEAD = 'kind,uuid,ip,port';

export function csvLine({ kind, uuid, ip, port = '' }: FilePeer): string {
  return [kind, uuid, ip, port].join(',');
}

export function jsonLine({ kind, uuid, ip, port }: FilePeer): string {
  return JSON.stringify({ kind, uuid, ip, ...(port === undefined ? {} : { port: Number(port) }) });
}

type Fields = Readonly<Record<string, unknown>>;
/** The fields of a line, its fault, or undefined to skip it. */
type ReadLine = (text: string) => Fields | string | undefined;

const COLUMNS = CSV_HEAD.split(',');

/**
 * Reads the lines of a file of peers: one JSON object per line if the first character is a brace, else CSV with a
 * header. Faults are collected, and faulty lines are not used. Identical lines count as one peer.
 */
export class PeerFile {
  readonly peers = new Map<string, FilePeer & { readonly line: number }>();
  readonly faults: Fault[] = [];
  /** The number of all faults; `faults` keeps only the first ones. */
  faultCount = 0;
  #line = 0;
  #read: ReadLine | undefined;

  constructor(
    /** Our own UUID in lower case, if known. */
    private readonly own: string | undefined,
    private readonly mostFaults = 20,
  ) {}

  /** Reads the next line of the file. */
  add(text: string): void {
    this.#line += 1;
    const line = this.#line === 1 ? text.replace(/^\ufeff/, '') : text;
    if (line.trim() === '') return;
    if (this.#read === undefined) {
      const isJson = line.trimStart().startsWith('{');
      this.#read = isJson ? readJson : this.#csvReader(line);
      if (!isJson) return;
    }
    const fields = this.#read(line);
    if (typeof fields === 'string') this.#fault(fields);
    else if (fields !== undefined) this.#take(fields);
  }

  #take(fields: Fields): void {
    const peer = checked(fields);
    if (typeof peer === 'string') {
      this.#fault(peer);
      return;
    }
    const { kind, uuid, ip, port } = peer;
    if (kind === 'consumer' && uuid.toLowerCase() === this.own) {
      this.#fault(`${uuid} is our own UUID: we don't call ourselves`);
      return;
    }
    const id = `${kind} ${uuid.toLowerCase()}`;
    const before = this.peers.get(id);
    if (before === undefined) this.peers.set(id, { ...peer, line: this.#line });
    else if (before.ip !== ip || before.port !== port) {
      this.#fault(`${kind} ${uuid} has another address in line ${before.line}`);
    }
  }

  #csvReader(head: string): ReadLine {
    const names = cellsOf(head)?.map((name) => name.trim().toLowerCase()) ?? [];
    const missing = COLUMNS.slice(0, 3).filter((name) => !names.includes(name));
    if (missing.length > 0) {
      this.#fault(`expected JSON, or a head of CSV such as ${CSV_HEAD}: there is no ${missing.join(', ')}`);
      // Without a header every further line would be a separate fault.
      return () => undefined;
    }
    return (text) => {
      const cells = cellsOf(text);
      if (cells === undefined) return 'a quote is not closed';
      if (cells.length !== names.length)
        return `expected ${names.length} columns, as in the head, found ${cells.length}`;
      return Object.fromEntries(names.map((name, i) => [name, cells[i]]));
    };
  }

  #fault(message: string): void {
    this.faultCount += 1;
    if (this.faults.length < this.mostFaults) this.faults.push({ line: this.#line, message });
  }
}

function readJson(text: string): Fields | string {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  } catch {
    // The return below reports it.
  }
  return `expected a JSON object such as {"kind":"consumer","uuid":"…","ip":"…"}`;
}

/** The peer, or the fault of its first faulty field. */
function checked(fields: Fields): FilePeer | string {
  const kind = KINDS.find((one) => one === fields.kind);
  if (kind === undefined) return `kind ${shown(fields.kind)}: expected consumer or producer`;
  const { uuid, ip } = fields;
  if (typeof uuid !== 'string' || !UUID.test(uuid)) return `uuid ${shown(uuid)}: expected a UUID`;
  if (typeof ip !== 'string') return `ip ${shown(ip)}: expected an IP address`;
  const address = readEntry({ ip, port: null }, ANY_CLASS);
  if (!address.ok) return `ip ${quoted(ip)}: ${address.error}`;
  const port = fields.port === undefined || fields.port === null || fields.port === '' ? undefined : fields.port;
  if (port === undefined) return { kind, uuid, ip, port };
  const text = typeof port === 'number' ? String(port) : port;
  if (typeof text !== 'string' || !readEntry({ ip, port: text }, ANY_CLASS).ok) {
    return `port ${shown(port)}: expected a whole number from 1 to 65535`;
  }
  return { kind, uuid, ip, port: text };
}

function shown(value: unknown): string {
  if (value === undefined || value === '') return 'is missing';
  return typeof value === 'string' ? quoted(value) : quoted(JSON.stringify(value)).slice(1, -1);
}

/** The cells of a CSV line (RFC 4180, without line breaks in cells); undefined if a quote is not closed. */
function cellsOf(line: string): string[] | undefined {
  const cells: string[] = [];
  const cell = /(?:"((?:[^"]|"")*)"|([^",]*))\s*(,|$)/y;
  for (;;) {
    const found = cell.exec(line);
    if (found === null) return undefined;
    cells.push((found[1]?.replaceAll('""', '"') ?? found[2] ?? '').trim());
    if (found[3] === '') return cells;
  }
}
