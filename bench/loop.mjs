import { Agent, request } from 'node:http';
import { createInterface } from 'node:readline';

/**
 * The bare loop: so many calls, so many at once, and nothing else. No deadline, no verdict, no database. One round for each
 * line of the standard input.
 * node bench/loop.mjs CLIENT PORT COUNT CONCURRENCY
 */

const [client, port, count, concurrency] = process.argv.slice(2);
const { addresses } = await import('./peers.mjs');
const BODY = '{"uuid":"2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11"}';
const HEADERS = {
  'content-type': 'application/json',
  accept: 'application/json',
  'user-agent': 'bench',
  'content-length': BODY.length,
};

const CLIENTS = {
  'node:http': async () => {
    const agent = new Agent({ keepAlive: false });
    return (ip) =>
      new Promise((resolve, reject) => {
        const call = request({ method: 'POST', host: ip, port, path: '/sync', agent, headers: HEADERS }, (response) => {
          let text = '';
          response.setEncoding('utf8');
          response.on('data', (chunk) => (text += chunk));
          response.on('end', () => resolve(text));
          response.on('error', reject);
        });
        call.on('error', reject);
        call.end(BODY);
      });
  },
  'node-fetch': async () => {
    const { default: fetch } = await import('node-fetch');
    const agent = new Agent({ keepAlive: false });
    return async (ip) => {
      const response = await fetch(`http://${ip}:${port}/sync`, {
        method: 'POST',
        body: BODY,
        agent,
        headers: HEADERS,
      });
      return response.text();
    };
  },
  native: async () => {
    const { nativeClient } = await import('../dist/clients/native.js');
    return ours(nativeClient({ userAgent: 'bench', tls: {} }));
  },
};

function ours(post) {
  const never = { aborted: false, addEventListener: () => undefined, removeEventListener: () => undefined };
  return (ip) => post({ url: `http://${ip}:${port}/sync`, body: BODY, headers: {} }, never);
}

const call = await CLIENTS[client]();
const peers = addresses(Number(count));
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
while (!(await lines.next()).done) {
  const ips = [...peers];
  const lane = async () => {
    for (let ip = ips.pop(); ip !== undefined; ip = ips.pop()) await call(ip);
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: Number(concurrency) }, lane));
  console.error(`round of ${count} in ${(performance.now() - startedAt).toFixed(0)} ms`);
}
