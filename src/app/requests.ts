import { defer, type Observable } from 'rxjs';
import type { Config } from '../config/config.js';
import type { Reply } from '../domain/call/http.js';
import { sign, SIGNATURE_HEADER, TERM_HEADER } from '../domain/call/signature.js';
import { peerUrl } from '../domain/call/url.js';
import type { PeerAddress } from '../domain/peer/peer.js';
import { cancellable } from '../streams/operators/cancellable.js';
import type { Parts } from './deps.js';

type Client = Pick<Parts, 'post' | 'clock'>;

/** `POST /sync` to a consumer: our UUID and, with a configured override, our address. */
export function syncRequest(client: Client, config: Config): (to: PeerAddress) => Observable<Reply> {
  const { override: ip } = config.publicIp;
  const body = JSON.stringify(ip === undefined ? { uuid: config.uuid } : { uuid: config.uuid, ip });
  return (to) => call(client, config, config.sync, to, body);
}

/** `POST /ip` to a producer: our UUID and our current IP. */
export function announceRequest(
  client: Client & Pick<Parts, 'leadership'>,
  config: Config,
): (to: PeerAddress, ip: string) => Observable<Reply> {
  return (to, ip) => {
    const body = JSON.stringify({ uuid: config.uuid, ip });
    return defer(() => call(client, config, config.announce, to, body, client.leadership.term));
  };
}

/** One call as a stream with one reply. Unsubscribing closes the socket. */
function call(
  { post, clock }: Client,
  config: Config,
  { scheme, port, path, headers }: Config['sync'] | Config['announce'],
  to: PeerAddress,
  body: string,
  term?: number,
): Observable<Reply> {
  const { secret } = config.http.signing;
  const proof = secret === undefined ? {} : { [SIGNATURE_HEADER]: sign(secret, body, clock.wall(), term) };
  const terms = term === undefined ? {} : { [TERM_HEADER]: String(term) };
  const url = peerUrl({ scheme, ip: to.ip, port: to.port ?? port, path });
  return cancellable((signal) => post(config)({ url, body, headers: { ...headers, ...terms, ...proof } }, signal));
}
