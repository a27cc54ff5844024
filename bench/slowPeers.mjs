import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';

/** Peers that answer after a while, in a process of their own, so that what is measured does nothing else. */

if (process.send !== undefined) {
  const answerMs = Number(process.argv[2]);
  const server = createServer((request, response) => {
    request.resume();
    setTimeout(() => response.writeHead(204).end(), answerMs);
  }).listen(0, '127.0.0.1', 4_096);
  await once(server, 'listening');
  process.send(server.address().port);
}

/** Starts them; `end` ends their process. */
export async function startSlowPeers(answerMs) {
  const peers = fork(fileURLToPath(import.meta.url), [String(answerMs)]);
  const [port] = await once(peers, 'message');
  return { port, end: () => peers.kill() };
}
