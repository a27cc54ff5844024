import { checkAddress, classify, type AddressClass } from './address.js';

/** Far more than an address in JSON needs. */
const MAX_LENGTH = 4_096;
/** The JSON fields that common services use for the address. */
const FIELDS = ['ip', 'ip_addr', 'address', 'query'] as const;

/**
 * The address in an answer to "what is my IP?". The whole answer must be one publicly routable address of the wanted
 * family, bare or in JSON. Anything else (the page of a portal, two addresses, a private one) is no answer.
 */
export function parseIpAnswer(
  body: string,
  family: 'ipv4' | 'ipv6',
  allow: readonly AddressClass[] = ['public'],
): string | undefined {
  if (body.length > MAX_LENGTH) return undefined;
  const text = body.trim();
  const candidate = /^["{]/.test(text) ? inJson(text) : text;
  if (candidate === undefined) return undefined;
  const checked = checkAddress(candidate, allow);
  return checked.ok && checked.family === (family === 'ipv4' ? 4 : 6) ? checked.ip : undefined;
}

function inJson(text: string): string | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'string') return parsed;
    const fields = new Map(Object.entries(parsed as object));
    const found = FIELDS.map((name): unknown => fields.get(name)).filter(isAddress);
    return found.length === 1 ? found[0] : undefined;
  } catch {
    return undefined;
  }
}

/** Some services put a street under `address`, which is no second answer. */
function isAddress(value: unknown): value is string {
  return typeof value === 'string' && classify(value).ok;
}
