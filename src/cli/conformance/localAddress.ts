import { once } from 'node:events';
import { connect } from 'node:net';
import { canonical } from '../../domain/ip/address.js';

/** The address of this host that calls to a URL come from, in its one spelling. Rejects where nobody listens. */
export async function localAddress(url: string, withinMs: number): Promise<string> {
  const { protocol, hostname, port } = new URL(url);
  const usual = protocol === 'https:' ? 443 : 80;
  const socket = connect({
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port === '' ? usual : Number(port),
  });
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(withinMs) });
    return canonical(socket.localAddress ?? '');
  } finally {
    socket.destroy();
  }
}
