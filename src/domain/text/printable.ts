/** Control characters of both sets, and those that turn the direction of a text. */
const STEERING = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu;
const MAX_QUOTED = 60;
const PLAIN = /^[!-~]{1,60}$/;

/** As it is, but what could steer a terminal is written as JSON escapes it: the value of a JSON text stays the same. */
export function escaped(text: string): string {
  return text.replace(STEERING, asEscape);
}

/** Quoted for a terminal or a page: printable ASCII alone, and not much of it. */
export function quoted(text: string): string {
  const head = text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text;
  return JSON.stringify(head).replace(/[^ -~]/g, asEscape);
}

/** What a peer is called: its UUID, or in quotes whatever else stands where one should. */
export function nameOf(uuid: string): string {
  return PLAIN.test(uuid) ? uuid : quoted(uuid);
}

function asEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
