/** What a reply holds by RFC 9112: its status and whole body, or that it ended before its end. */
export type Framed =
  { readonly whole: true; readonly status: number; readonly body: Buffer } | { readonly whole: false };

const CUT: Framed = { whole: false };

/**
 * A second reader of HTTP replies, for what a client took for a whole one: it follows §6.3 to the letter where the
 * message is well formed, and need not agree on what is not.
 */
export function readReply(bytes: Buffer): Framed {
  const text = bytes.toString('latin1');
  // Empty lines before the first one are skipped, as §2.2 lets a reader do.
  const [before = ''] = /^(\r?\n)+/.exec(text) ?? [];
  if (before !== '') return readReply(bytes.subarray(before.length));
  const end = /\r?\n\r?\n/.exec(text);
  if (end === null) return CUT;
  const [first = '', ...lines] = text.slice(0, end.index).split(/\r?\n/);
  const status = Number(/^HTTP\/\d\.\d (\d{3})/.exec(first)?.[1] ?? 0);
  const rest = bytes.subarray(end.index + end[0].length);
  // A 101 is the last word (RFC 9110 §15.2.2).
  if (status >= 100 && status < 200 && status !== 101) return readReply(rest);
  const values = (name: string): readonly string[] =>
    lines.flatMap((line) => {
      const [, key = '', value = ''] = /^([^:]*):[ \t]*(.*?)[ \t]*$/.exec(line) ?? [];
      return key.toLowerCase() === name ? [value] : [];
    });
  const upTo = (all: Buffer, length: number): Framed =>
    all.length < length ? CUT : { whole: true, status, body: all.subarray(0, length) };
  if (status === 204 || status === 205 || status === 304) return upTo(rest, 0);
  const codings = values('transfer-encoding').join(',').toLowerCase().split(',');
  if (codings.at(-1)?.trim() === 'chunked') return unchunked(status, rest);
  const [length] = values('content-length');
  return upTo(rest, codings[0] !== '' || length === undefined ? rest.length : Number(length));
}

function unchunked(status: number, bytes: Buffer): Framed {
  const parts: Buffer[] = [];
  let rest = bytes;
  for (;;) {
    const line = /^([\da-f]+)[^\r\n]*\r?\n/i.exec(rest.subarray(0, 30_000).toString('latin1'));
    if (line === null) return CUT;
    const size = Number.parseInt(line[1] ?? '', 16);
    rest = rest.subarray(line[0].length);
    if (size === 0) {
      // The trailers end with an empty line.
      const end = /(^|\n)\r?\n/.exec(rest.toString('latin1'));
      if (end === null) return CUT;
      return { whole: true, status, body: Buffer.concat(parts) };
    }
    if (rest.length < size + 2) return CUT;
    parts.push(rest.subarray(0, size));
    rest = rest.subarray(size + 2);
  }
}
