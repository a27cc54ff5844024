import { expect } from 'chai';
import { webhookClient, type HookRequest } from '#src/clients/webhook.js';
import type { Reply } from '#src/domain/call/http.js';
import { ENDS, FAULTS, HANGS, type Fault } from './faults.js';
import { servePlain, serveTls, type TestServer } from './testServer.js';

describe('the client for webhooks', () => {
  const hook = webhookClient('hooks/1');
  const servers: TestServer[] = [];
  const serving = async (server: Promise<TestServer>): Promise<TestServer> => {
    servers.push(await server);
    return server;
  };
  const send = (url: string, over: Partial<HookRequest> = {}, signal = new AbortController().signal): Promise<Reply> =>
    hook({ url, body: '{"a":1}', headers: {}, ...over }, signal);

  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close()));
  });

  it('posts JSON with the headers given', async () => {
    const { url, requests } = await serving(servePlain(FAULTS.well));
    expect(await send(url, { headers: { authorization: 'Bearer x' } })).to.deep.equal({
      ok: true,
      status: 200,
      body: '',
    });
    expect(requests[0])
      .to.match(/^POST \/sync HTTP\/1\.1\r\n/)
      .and.match(/\r\n\r\n\{"a":1\}$/);
    for (const line of ['content-type: application/json', 'user-agent: hooks/1', 'authorization: Bearer x']) {
      expect(requests[0]?.toLowerCase()).to.include(`\r\n${line.toLowerCase()}\r\n`);
    }
  });

  it('asks by GET where there is nothing to post', async () => {
    const { url, requests } = await serving(servePlain(FAULTS.noContent));
    expect(await hook({ url: `${url}?a=b`, headers: {} }, new AbortController().signal)).to.include({ status: 204 });
    expect(requests[0])
      .to.match(/^GET \/sync\?a=b HTTP\/1\.1\r\n/)
      .and.not.match(/content-type/i);
  });

  it('sends a login that stands in the URL as a header', async () => {
    const { url, requests } = await serving(servePlain(FAULTS.well));
    expect((await send(url.replace('//', '//me:p%40ss@'))).ok).to.equal(true);
    expect(requests[0]).to.include(`Basic ${Buffer.from('me:p@ss').toString('base64')}`);
  });

  /** What has said 2xx has the message, whatever becomes of its body. */
  const takes: readonly (keyof typeof FAULTS)[] = [
    'stall',
    'drip',
    'endlessBody',
    'closeInBody',
    'tooLarge',
    'chunked',
  ];
  for (const name of takes) {
    it(`a 2xx is enough: ${name}`, async () => {
      const { url, drained } = await serving(servePlain(FAULTS[name]));
      expect(await send(url)).to.deep.equal({ ok: true, status: 200, body: '' });
      await drained(1);
    });
  }

  const isRefusal = ([, , reply]: (typeof ENDS)[number]): boolean => !reply.ok && takesNoBody(reply.reason);
  for (const [fault, what, expected] of ENDS.filter(isRefusal)) {
    it(`${what}: ${expected.ok ? 'ok' : expected.reason}`, async () => {
      const { url, drained } = await serving(servePlain(fault));
      expect(await send(url)).to.deep.equal(expected);
      await drained();
    });
  }

  it('follows no redirect', async () => {
    const { url, requests } = await serving(servePlain(FAULTS.redirectLoop));
    expect(await send(url)).to.deep.equal({ ok: false, reason: 'redirect' });
    expect(requests).to.have.length(1);
  });

  it('is refused where nobody listens', async () => {
    const { url, close } = await servePlain(FAULTS.well);
    await close();
    expect(await send(url)).to.deep.equal({ ok: false, reason: 'refused' });
  });

  it('checks whom it speaks to by https, and tells a stranger nothing', async () => {
    const { url, requests } = await serving(serveTls());
    expect(await send(url)).to.deep.equal({ ok: false, reason: 'tls' });
    expect(requests).to.deep.equal([]);
  });

  const silent: readonly Fault[] = [FAULTS.silence, FAULTS.earlyHints, FAULTS.continuesOnly];
  for (const [fault, what] of HANGS.filter(([one]) => silent.includes(one))) {
    it(`${what}: waits until aborted, and then lets go of the socket`, async () => {
      const { url, asked, drained } = await serving(servePlain(fault));
      const controller = new AbortController();
      const reply = send(url, {}, controller.signal);
      await asked();
      controller.abort();
      expect(await reply).to.deep.equal({ ok: false, reason: 'aborted' });
      await drained();
    });
  }
});

/** Whether a failure shows before any body. */
function takesNoBody(reason: string): boolean {
  return /^(http-|redirect)/.test(reason);
}
