import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from './peers.mjs';
import { usageOf } from './usage.mjs';

/** Other programs that check peers over HTTP, as Debian has them: what the field takes for a check. Linux only. */

const BODY = '{"uuid":"2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11"}';

const isThere = (program, ...words) => spawnSync(program, words).error === undefined;
export const hasHaproxy = isThere('haproxy', '-v');
export const hasBlackbox = isThere('prometheus-blackbox-exporter', '--version');

/** HAProxy's health checks: each peer once in `seconds`, for as long; counted by nginx. */
export async function haproxy(peers, ips, seconds) {
  const folder = mkdtempSync(join(tmpdir(), 'haproxy-'));
  const servers = ips.map((ip, i) => `  server s${i} ${ip}:${peers.port} check inter ${seconds}s`);
  const config = [
    `global\n  maxconn 4096\n  nbthread 1\n  spread-checks 0`,
    `defaults\n  mode http\n  timeout connect 5s\n  timeout client 5s\n  timeout server 5s\n  timeout check 5s`,
    `listen peers\n  bind unix@${folder}/socket\n  option httpchk`,
    `  http-check send meth POST uri /sync hdr content-type application/json body ${JSON.stringify(BODY).replaceAll(' ', '\\ ')}`,
    ...servers,
    '',
  ].join('\n');
  writeFileSync(join(folder, 'haproxy.cfg'), config);
  const child = spawn('haproxy', ['-db', '-f', join(folder, 'haproxy.cfg')], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  try {
    const from = await peers.requests();
    while ((await peers.requests()) - from < ips.length) await delay(200);
    const before = { ...usageOf(child.pid), checks: await peers.requests(), at: performance.now() };
    await delay(seconds * 1_000);
    const checks = (await peers.requests()) - before.checks - 1;
    const { us, peak } = usageOf(child.pid);
    return { us: (us - before.us) / checks, peak };
  } finally {
    child.kill('SIGKILL');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  }
}

/** blackbox_exporter: one probe of each peer, so many at once. What asks it for them is not counted. */
export async function blackbox(peers, ips, concurrency) {
  const folder = mkdtempSync(join(tmpdir(), 'blackbox-'));
  const http = `{ method: POST, body: '${BODY}', headers: { Content-Type: application/json }, preferred_ip_protocol: ip4 }`;
  writeFileSync(join(folder, 'blackbox.yml'), `modules: { sync: { prober: http, timeout: 5s, http: ${http} } }\n`);
  const port = await freePort();
  const words = [`--config.file=${folder}/blackbox.yml`, `--web.listen-address=127.0.0.1:${port}`, '--log.level=error'];
  const child = spawn('prometheus-blackbox-exporter', words, { stdio: 'ignore' });
  const ended = once(child, 'exit');
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency });
  const probe = (ip) =>
    new Promise((resolve, reject) => {
      const target = encodeURIComponent(`http://${ip}:${peers.port}/sync`);
      const path = `/probe?module=sync&target=${target}`;
      get({ host: '127.0.0.1', port, path, agent }, (response) => {
        let text = '';
        response.on('data', (chunk) => (text += chunk));
        response.on('end', () =>
          text.includes('probe_success 1') ? resolve() : reject(new Error(`no probe: ${text.slice(0, 200)}`)),
        );
      }).on('error', reject);
    });
  try {
    while (
      !(await probe(ips[0]).then(
        () => true,
        () => false,
      ))
    )
      await delay(50);
    const before = usageOf(child.pid);
    const rest = [...ips];
    const lane = async () => {
      for (let ip = rest.pop(); ip !== undefined; ip = rest.pop()) await probe(ip);
    };
    await Promise.all(Array.from({ length: concurrency }, lane));
    const { us, peak } = usageOf(child.pid);
    return { us: (us - before.us) / ips.length, peak };
  } finally {
    agent.destroy();
    child.kill('SIGKILL');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  }
}
