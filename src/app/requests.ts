import type { Observable } from 'rxjs';
import type { Config } from '../config/config.js';
import type { PostJson, Reply } from '../domain/call/http.js';
import type { PeerAddress } from '../domain/peer/peer.js';
import { sign, SIGNATURE_HEADER } from '../domain/call/signature.js';
import { peerUrl } from '../domain/call/url.js';
import { posting } from '../streams/operators/withDeadline.js';

type Target = Config['sync'] | Config['announce'];

/** `POST /sync` to a consumer: who we are and, where an override says so, at which address. */
export function syncRequest(
  post: PostJson,
  config: Config,
  wall: () => number,
): (to: PeerAddress) => Observable<Reply> {
  const { override } = config.publicIp;
  const body = JSON.stringify(override === undefined ? { uuid: config.uuid } : { uuid: config.uuid, ip: override });
  return (to) => posting(post)(request(config, config.sync, to, body, wall));
}

/** `POST /ip` to a producer: who we are and our current IP. */
export function announceRequest(
  post: PostJson,
  config: Config,
  wall: () => number,
): (to: PeerAddress, ip: string) => Observable<Reply> {
  return (to, ip) =>
    posting(post)(request(config, config.announce, to, JSON.stringify({ uuid: config.uuid, ip }), wall));
}

function request(config: Config, target: Target, to: PeerAddress, body: string, wall: () => number) {
  const { secret } = config.http.signing;
  const proof = secret === undefined ? {} : { [SIGNATURE_HEADER]: sign(secret, body, wall()) };
  const { scheme, port, path } = target;
  return {
    url: peerUrl({ scheme, ip: to.ip, port: to.port ?? port, path }),
    body,
    headers: { ...target.headers, ...proof },
  };
}
