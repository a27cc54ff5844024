import { spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * What one check costs on the wire, in bytes and packets each way, Ethernet headers included: `sync` in a network
 * namespace of its own, over peers in another one, with a virtual cable between them, of which the kernel counts. Root
 * on Linux only.
 */

const PEERS = Number(process.argv[2] ?? 1_000);
const SELF = fileURLToPath(import.meta.url);
const MAIN = join(SELF, '../../dist/main.js');
const [OURS, THEIRS, SILENT] = ['10.9.0.1', '10.9.0.2', '10.9.0.3'];

function must(command, ...words) {
  const { status, stdout, stderr } = spawnSync(command, words, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${words.join(' ')}: ${stderr}`);
  return stdout;
}

function counted() {
  const [, line] = /ours:\s*(.*)/.exec(readFileSync('/proc/net/dev', 'utf8'));
  const fields = line.trim().split(/\s+/).map(Number);
  return { in: fields[0], inPackets: fields[1], out: fields[8], outPackets: fields[9] };
}

/** The other end of the cable. It begins to listen once it has its address. */
function servePeers() {
  const answer = JSON.stringify({ node: randomUUID() });
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.setHeader('content-type', 'application/json').end(answer));
  });
  process.on('message', () => server.listen(80, THEIRS, () => process.send('listening')));
  process.send('ready');
}

async function layCable() {
  const peers = spawn('unshare', ['--net', process.execPath, SELF, 'peers'], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  await once(peers, 'message');
  const inside = ['nsenter', '--target', String(peers.pid), '--net', 'ip'];
  const ip = (...words) => must('ip', ...words);
  const ipInside = (...words) => must(...inside, ...words);
  ip('link', 'set', 'lo', 'up');
  ip('link', 'add', 'ours', 'type', 'veth', 'peer', 'name', 'theirs', 'netns', String(peers.pid));
  ip('address', 'add', `${OURS}/24`, 'dev', 'ours');
  ip('link', 'set', 'ours', 'up');
  ipInside('address', 'add', `${THEIRS}/24`, 'dev', 'theirs');
  ipInside('link', 'set', 'theirs', 'up');
  // A known neighbour that is nobody's address drops what comes, as a host behind a closed firewall does.
  const [, mac] = /link\/ether (\S+)/.exec(ipInside('link', 'show', 'theirs'));
  ip('neighbour', 'replace', SILENT, 'lladdr', mac, 'dev', 'ours', 'nud', 'permanent');
  peers.send('listen');
  await once(peers, 'message');
  return peers;
}

async function syncOver(client, ip, peers, timeout) {
  const { RedisServer } = await import('../.build/swarm/redis.js');
  const server = await RedisServer.start();
  const pipeline = server.client().pipeline();
  for (let i = 0; i < peers; i += 1) {
    const uuid = randomUUID();
    pipeline.hset(`p2p:consumer:${uuid}`, { ip }).sadd('p2p:consumers', uuid);
  }
  await pipeline.exec();
  const folder = mkdtempSync(join(tmpdir(), 'wire-'));
  const config = {
    uuid: randomUUID(),
    redis: { url: server.url },
    publicIp: { override: OURS },
    network: { allow: ['private'] },
    http: { client },
    sync: { timeout },
    history: { hours: 0, days: 0 },
  };
  const file = join(folder, 'config.json');
  writeFileSync(file, JSON.stringify(config));
  const before = counted();
  const child = spawn(process.execPath, [MAIN, 'sync', '--config', file], { stdio: 'ignore' });
  await once(child, 'exit');
  const after = counted();
  rmSync(folder, { recursive: true, force: true });
  await server.stop();
  return Object.fromEntries(Object.keys(before).map((name) => [name, (after[name] - before[name]) / peers]));
}

async function measure() {
  const peers = await layCable();
  const rows = [
    ['answered, node-fetch', 'node-fetch', THEIRS, PEERS],
    ['answered, native', 'native', THEIRS, PEERS],
    ['silent for 5 s', 'native', SILENT, 128],
  ];
  for (const [name, client, ip, count] of rows) {
    const found = await syncOver(client, ip, count, '5s');
    const side = (bytes, packets) => `${bytes.toFixed(0)} bytes in ${packets.toFixed(1)} packets`;
    console.log(`${name}: out ${side(found.out, found.outPackets)}, in ${side(found.in, found.inPackets)}`);
  }
  peers.kill();
}

if (process.argv[2] === 'peers') servePeers();
else if (process.env.IN_NAMESPACE === '1') await measure();
else {
  const { status } = spawnSync('unshare', ['--net', process.execPath, SELF, String(PEERS)], {
    stdio: 'inherit',
    env: { ...process.env, IN_NAMESPACE: '1' },
  });
  process.exitCode = status ?? 1;
}
