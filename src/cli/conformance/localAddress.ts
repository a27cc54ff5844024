import { once } from 'node:events';
import { connect } from 'node:net';
import { canonical } from '../../domain/ip/address.js';

/** The canonical address of this host in calls to a URL. Rejects if no server listens there. */
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
