/** Where the status server begins: this module is `<base>assets/page/base.js`. */
const BASE = new URL('../../', import.meta.url);

/** The URL of something of the status server, whatever prefix a reverse proxy gave it. */
export function urlOf(path: string): string {
  return new URL(path, BASE).href;
}

/** What a GET of the JSON API answers. Rejects with what went wrong in words, also where the answer is no JSON. */
export async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  const response = await fetch(urlOf(path), { headers: { accept: 'application/json' }, ...(signal && { signal }) });
  if (!response.ok) throw new Error(`the scheduler answered ${response.status}`);
  return (await response.json()) as T;
}
