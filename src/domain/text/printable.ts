/** Control characters of both sets, and characters that change the direction of text. */
const CONTROL_CHARACTERS = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu;
const MAX_QUOTED = 60;
const PLAIN = /^[!-~]{1,60}$/;

/** Replaces characters that could control a terminal by JSON escapes. The value of a JSON text stays the same. */
export function escaped(text: string): string {
  return text.replace(CONTROL_CHARACTERS, asEscape);
}

/** Quoted for a terminal or a page: only printable ASCII, and short. */
export function quoted(text: string): string {
  const head = text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text;
  return JSON.stringify(head).replace(/[^ -~]/g, asEscape);
}

/** The name of a peer: its UUID, or the stored value in quotes if it is not plain. */
export function nameOf(uuid: string): string {
  return PLAIN.test(uuid) ? uuid : quoted(uuid);
}

function asEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
