import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { RedisServer } from '#swarm/redis.js';
import { Scheduler } from '#swarm/scheduler.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/freePort.js';
import { Neighbours } from '../support/neighbours.js';
import { skipBecause } from '../support/skip.js';

const NAME = 'status.example';
const TOKEN = 'sixteen-or-more-characters';

describe('the status server behind nginx', () => {
  let neighbours: Neighbours;
  let server: RedisServer;
  let scheduler: Scheduler;
  let nginx: ChildProcess;
  let folder = '';
  let port: number;

  const ask = async (path: string, headers: OutgoingHttpHeaders = {}): Promise<IncomingMessage> => {
    const url = `http://127.0.0.1:${port}${path}`;
    const asked = get(url, { headers: { host: NAME, ...headers }, agent: false });
    return ((await once(asked, 'response')) as [IncomingMessage])[0];
  };
  const bodyOf = async (response: IncomingMessage): Promise<string> => {
    let body = '';
    for await (const chunk of response.setEncoding('utf8')) body += String(chunk);
    return body;
  };

  before(async function () {
    if (spawnSync('nginx', ['-v'], { stdio: 'ignore' }).error !== undefined) skipBecause(this, 'there is no nginx(8)');
    neighbours = await Neighbours.start();
    server = await RedisServer.start();
    await neighbours.register(server.client());
    const [behind, front] = [await freePort(), await freePort()];
    port = front;
    scheduler = await Scheduler.start({
      ...neighbours.settings({ url: server.url }),
      status: { port: behind, basePath: '/node', allowedHosts: [NAME], token: TOKEN },
    });
    await scheduler.logged(({ event }) => event === 'status.listening');
    folder = mkdtempSync(join(tmpdir(), 'nginx-'));
    // The example of docs/status.md, on a port of its own.
    const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (name) => `${name}_temp_path ${join(folder, name)};`,
    );
    writeFileSync(
      join(folder, 'nginx.conf'),
      `daemon off; pid ${join(folder, 'pid')}; error_log stderr; events {}
      http {
        access_log off; ${paths.join(' ')}
        server {
          listen 127.0.0.1:${port};
          location /node/ {
            proxy_pass http://127.0.0.1:${behind};
            proxy_http_version 1.1;
            proxy_set_header Host $host;
            proxy_set_header Connection "";
            proxy_read_timeout 1h;
          }
        }
      }`,
    );
    nginx = spawn('nginx', ['-p', folder, '-c', join(folder, 'nginx.conf')], { stdio: 'ignore' });
    await eventually(async () => {
      expect((await ask('/node/healthz')).statusCode).to.equal(200);
    });
  });

  after(async () => {
    if (folder === '') return;
    nginx.kill('SIGTERM');
    if (nginx.exitCode === null) await once(nginx, 'exit');
    await scheduler.kill();
    await scheduler.clear();
    await neighbours.stop();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const authorization = `Basic ${Buffer.from(`me:${TOKEN}`).toString('base64')}`;

  it('serves the page and its files under the path of the proxy', async () => {
    const page = await ask('/node/', { authorization, accept: 'text/html' });
    expect(page.statusCode).to.equal(200);
    const html = await bodyOf(page);
    const places = [...html.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, place = '']) => place);
    expect(places.length).to.be.greaterThan(10);
    for (const place of places) expect((await ask(place, { authorization })).statusCode, place).to.equal(200);
    const moved = await ask('/node', { authorization });
    expect(moved.headers.location).to.match(/\/node\/$/);
  });

  it('asks for the token through it, and knows the name', async () => {
    const refused = await ask('/node/api/status');
    expect(refused.statusCode).to.equal(401);
    expect(refused.headers['www-authenticate']).to.match(/^Basic/);
    expect((await ask('/node/api/status', { authorization })).statusCode).to.equal(200);
    expect((await ask('/node/api/status', { authorization, host: 'evil.example' })).statusCode).to.equal(421);
    expect((await ask('/node/readyz')).statusCode).to.be.oneOf([200, 503]);
  });

  it('passes events on as they happen', async () => {
    const stream = (await ask('/node/api/events', { authorization })).setEncoding('utf8');
    let text = '';
    stream.on('data', (chunk: string) => (text += chunk));
    await eventually(() => {
      expect(text).to.include('event: status');
    }, 5_000);
    const ip = neighbours.move();
    await eventually(() => {
      expect(text).to.match(new RegExp(`event: entry\ndata: .*"ip\\.changed".*${ip.replaceAll('.', '\\.')}`));
    });
    stream.destroy();
  });
});
