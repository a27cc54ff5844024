import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startCrowd } from './crowd.mjs';

/** Peers that cost next to nothing: nginx, so that two cores are enough for them and what is measured. */

export const hasNginx = spawnSync('nginx', ['-v']).status === 0;

/** So many addresses, each of its own where the answers come from nginx: 127.0.0.0/8 is this host, on Linux. */
export function addresses(count) {
  if (!hasNginx) return Array.from({ length: count }, () => '127.0.0.1');
  return Array.from({ length: count }, (_, i) => `127.${1 + (i >> 16)}.${(i >> 8) & 255}.${1 + (i % 254)}`);
}

/** Answers every `POST /sync` with 200 and a small JSON object; where there is no nginx, by a Node process of its own. */
export async function startPeers() {
  if (!hasNginx) return startCrowd();
  const folder = mkdtempSync(join(tmpdir(), 'nginx-'));
  const port = await freePort();
  writeFileSync(
    join(folder, 'nginx.conf'),
    `daemon off; worker_processes 1; pid ${folder}/pid; error_log stderr crit;
    events { worker_connections 8192; }
    http {
      access_log off; default_type application/json;
      ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`).join(' ')}
      server {
        listen 0.0.0.0:${port} backlog=4096;
        location = /sync { return 200 '{"ok":true}'; }
        location = /counts { stub_status; }
      }
    }`,
  );
  const nginx = spawn('nginx', ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', 'stderr'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = once(nginx, 'exit');
  while (!(await answers(port))) await delay(20);
  return {
    port,
    requests: () => requestsTo(port),
    end: async () => {
      nginx.kill();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** How many requests nginx has answered, this one left out. */
async function requestsTo(port) {
  const [, , handled] = /(\d+) (\d+) (\d+)/
    .exec(await (await fetch(`http://127.0.0.1:${port}/counts`)).text())
    .slice(1);
  return Number(handled) - 1;
}

export async function freePort() {
  const server = createServer().listen(0, '0.0.0.0');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}

async function answers(port) {
  const socket = connect(port, '127.0.0.1');
  const found = await Promise.race([
    once(socket, 'connect').then(() => true),
    once(socket, 'error').then(() => false),
  ]).catch(() => false);
  socket.destroy();
  return found;
}
