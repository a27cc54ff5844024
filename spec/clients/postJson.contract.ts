import { expect } from 'chai';
import { setTimeout as delay } from 'node:timers/promises';
import type { ClientOptions } from '#src/clients/httpClient.js';
import type { PostJson, Reply } from '#src/domain/call/http.js';
import { ENDS, FAULTS, HANGS, type Fault } from './faults.js';
import { pem, servePlain, serveTls, type TestServer } from './testServer.js';

const MANY = 1_000;

/** What every HTTP client behind the seam has to do, whatever a peer does to it. */
export function describePostJson(name: string, make: (options: ClientOptions) => PostJson): void {
  describe(`${name} as PostJson`, () => {
    const post = make({ userAgent: 'contract/1', tls: {} });
    const servers: TestServer[] = [];
    const serving = async (server: Promise<TestServer>): Promise<TestServer> => {
      servers.push(await server);
      return server;
    };
    const send = (url: string, client = post, signal = new AbortController().signal): Promise<Reply> =>
      client({ url, body: '{"uuid":"a"}', headers: { authorization: 'Bearer x' } }, signal);
    const against = async (fault: Fault): Promise<Reply> => send((await serving(servePlain(fault))).url);

    afterEach(async () => {
      await Promise.all(servers.splice(0).map((server) => server.close()));
    });

    it('posts the text as JSON, says who it is, and hands back what came', async () => {
      const { url, requests } = await serving(servePlain(FAULTS.well));
      expect(await send(url)).to.deep.equal({ ok: true, status: 200, body: '{"uuid":"b"}' });
      const [request] = requests;
      expect(request).to.match(/^POST \/sync HTTP\/1\.1\r\n/);
      for (const line of [
        'content-type: application/json',
        'accept: application/json',
        'accept-encoding: identity',
        'user-agent: contract/1',
        'authorization: Bearer x',
        'connection: close',
      ]) {
        expect(request?.toLowerCase()).to.include(`\r\n${line.toLowerCase()}\r\n`);
      }
      expect(request).to.match(/\r\n\r\n\{"uuid":"a"\}$/);
    });

    for (const [fault, what, expected] of ENDS) {
      it(`${what}: ${expected.ok ? 'ok' : expected.reason}`, async () => {
        const { url, drained } = await serving(servePlain(fault));
        expect(await send(url)).to.deep.equal(expected);
        await drained();
      });
    }

    it('a body with more behind it than it said: all of the body, or a failure, never an empty one', async () => {
      const reply = await against(FAULTS.surplus);
      if (reply.ok) expect(reply.body).to.equal('{"uuid":"b"}');
      else expect(reply.reason).to.be.oneOf(['reset', 'malformed']);
    });

    for (const [fault, what] of HANGS) {
      it(`${what}: waits until aborted, and then lets go of the socket`, async () => {
        const { url, asked, drained } = await serving(servePlain(fault));
        const controller = new AbortController();
        const reply = send(url, post, controller.signal);
        await asked();
        controller.abort();
        expect(await reply).to.deep.equal({ ok: false, reason: 'aborted' });
        await drained();
      });
    }

    it('does not begin what was aborted before', async () => {
      const { url, requests } = await serving(servePlain(FAULTS.well));
      expect(await send(url, post, AbortSignal.abort())).to.deep.equal({ ok: false, reason: 'aborted' });
      expect(requests).to.be.empty;
    });

    it('is aborted in the very tick that it began', async () => {
      const { url, drained } = await serving(servePlain(FAULTS.well));
      const controller = new AbortController();
      const reply = send(url, post, controller.signal);
      controller.abort();
      expect(await reply).to.deep.equal({ ok: false, reason: 'aborted' });
      await drained();
    });

    it('follows no redirect', async () => {
      const server = await serving(servePlain(FAULTS.redirectLoop));
      expect(await send(server.url)).to.deep.equal({ ok: false, reason: 'redirect' });
      await server.drained();
      expect(server.requests).to.have.length(1);
    });

    it('nobody listens: refused', async () => {
      const { url, close } = await servePlain(FAULTS.well);
      await close();
      expect(await send(url)).to.deep.equal({ ok: false, reason: 'refused' });
    });

    it('what is no URL, or no header, is a reply as well', async () => {
      expect((await send('http://[::1')).ok).to.equal(false);
      const headers = { bad: 'line\nbreak' };
      const reply = await post({ url: 'http://127.0.0.1:1/', body: '', headers }, new AbortController().signal);
      expect(reply.ok).to.equal(false);
    });

    describe('over TLS', () => {
      const trusting = make({ userAgent: 'contract/1', tls: { ca: pem('ca.pem') } });

      it('does not trust an authority that it does not know', async () => {
        const { url, requests } = await serving(serveTls());
        expect(await send(url)).to.deep.equal({ ok: false, reason: 'tls' });
        expect(requests, 'nothing may be told to a stranger').to.be.empty;
      });

      it('trusts the one it was given', async () => {
        const { url } = await serving(serveTls());
        expect(await send(url, trusting)).to.deep.equal({ ok: true, status: 200, body: '{"uuid":"b"}' });
      });

      it('does not take a certificate that was made for something else', async () => {
        const { url } = await serving(serveTls({ owner: 'client' }));
        expect(await send(url, trusting)).to.deep.equal({ ok: false, reason: 'tls' });
      });

      it('takes plain HTTP on the port for what it is', async () => {
        const { url } = await serving(servePlain({ ...FAULTS.malformed, when: 'connected' }));
        expect(await send(url.replace('http:', 'https:'), trusting)).to.deep.equal({ ok: false, reason: 'tls' });
      });

      it('shows its own certificate where one is asked for', async () => {
        const { url } = await serving(serveTls({ askClient: true }));
        const known = make({
          userAgent: 'contract/1',
          tls: { ca: pem('ca.pem'), cert: pem('client.pem'), key: pem('client.key') },
        });
        expect(await send(url, known)).to.deep.equal({ ok: true, status: 200, body: '{"uuid":"b"}' });
        expect(await send(url, trusting)).to.deep.include({ ok: false });
      });
    });

    it(`leaks nothing over ${MANY} calls of every kind`, async () => {
      const finite = [...new Set(ENDS.map(([fault]) => fault))];
      await against(FAULTS.well);
      await Promise.all(servers.splice(0).map((server) => server.close()));
      const before = sockets();
      const some = await Promise.all(finite.map((fault) => serving(servePlain(fault))));
      const silent = await serving(servePlain(FAULTS.silence));
      for (let sent = 0; sent < MANY; sent += 20) {
        const controller = new AbortController();
        const hanging = [send(silent.url, post, controller.signal), send(silent.url, post, controller.signal)];
        const batch = Array.from({ length: 18 }, (_, i) => some[(sent + i) % some.length]?.url ?? '');
        await Promise.all(batch.map((url) => send(url)));
        controller.abort();
        await Promise.all(hanging);
      }
      await Promise.all([...some, silent].map((server) => server.drained()));
      await Promise.all(servers.splice(0).map((server) => server.close()));
      while (sockets() > before) await delay(5);
    });
  });
}

/** Handles of this process that a forgotten call would hold. */
function sockets(): number {
  return process.getActiveResourcesInfo().filter((kind) => /TCP|TLS|Connect/i.test(kind)).length;
}
