import { checkAddress, type AddressClass } from '../ip/address.js';
import type { Scope } from '../ip/scope.js';
import type { PeerAddress, StoredAddress } from './peer.js';
import { quoted } from '../text/printable.js';
import type { AddressFault } from '../call/reasons.js';

export type EntryAddress =
  | { readonly ok: true; readonly address: PeerAddress; readonly scope: Scope }
  /** The detail is for the log. It is short and escaped, because the API may have stored arbitrary input. */
  | { readonly ok: false; readonly error: AddressFault; readonly detail: string };

const PORT = /^[1-9]\d{0,4}$/;
const MAX_PORT = 65_535;

/** The address of a registry entry, if it is valid and may be called. */
export function readEntry({ ip, port }: StoredAddress, allow: readonly AddressClass[]): EntryAddress {
  if (ip === null || ip === '') return { ok: false, error: 'address-invalid', detail: 'no ip' };
  const checked = checkAddress(ip, allow);
  if (!checked.ok) return { ok: false, error: checked.error, detail: `ip ${quoted(ip)}` };
  const { scope } = checked;
  if (port === null || port === '') return { ok: true, address: { ip: checked.ip, port: undefined }, scope };
  if (!PORT.test(port) || Number(port) > MAX_PORT) {
    return { ok: false, error: 'address-invalid', detail: `port ${quoted(port)}` };
  }
  return { ok: true, address: { ip: checked.ip, port: Number(port) }, scope };
}
