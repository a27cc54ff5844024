/** One server-sent event. */
export interface ServerSent {
  readonly id: string;
  readonly name: string;
  readonly data: string;
}

/** Cuts a stream of text into server-sent events; comments and unfinished events give none. */
export class SseParser {
  #rest = '';

  push(chunk: string): readonly ServerSent[] {
    const blocks = (this.#rest + chunk.replaceAll('\r\n', '\n')).split('\n\n');
    this.#rest = blocks.pop() ?? '';
    return blocks.flatMap(eventOf);
  }
}

function eventOf(block: string): readonly ServerSent[] {
  const lines = block.split('\n');
  const all = (field: string): string[] =>
    lines.filter((line) => line.startsWith(`${field}:`)).map((line) => line.slice(field.length + 1).replace(/^ /, ''));
  const data = all('data');
  if (data.length === 0) return [];
  return [{ id: all('id').at(-1) ?? '', name: all('event').at(-1) ?? 'message', data: data.join('\n') }];
}
