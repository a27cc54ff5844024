import { expect } from 'chai';
import { bounded, ok, type Finding } from '#src/cli/doctor/finding.js';
import { checkDescriptors, checkScheduler, descriptorLimit } from '#src/cli/doctor/host.js';
import { checkRegistry, type RegistryContext } from '#src/cli/doctor/registry.js';
import { checkSources } from '#src/cli/doctor/sources.js';
import { schema } from '#src/config/config.js';
import type { IpAnswer, IpSource } from '#src/domain/ip/source.js';
import type { RegistryEntry } from '#src/domain/peer/peer.js';
import { UNCHECKED } from '#src/domain/peer/health.js';

const US = '2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11';
const config = schema.parse({ uuid: US });

const results = (found: readonly Finding[]): readonly string[] => found.map(({ result }) => result);
const texts = (found: readonly Finding[], result: Finding['result'] = 'warning'): readonly string[] =>
  found.filter((one) => one.result === result).map(({ text }) => text);

describe('a check of the doctor', () => {
  const explain = (error: unknown): string => (error as Error).message;

  it('that fails or takes too long is a finding', async () => {
    expect(await bounded('a', () => Promise.resolve([ok('a', 'well')]), explain)).to.deep.equal([ok('a', 'well')]);
    const [failed] = await bounded('a', () => Promise.reject(new Error('gone')), explain);
    expect(failed).to.include({ check: 'a', result: 'error', text: 'it could not be found out: gone' });
    const [late] = await bounded('a', () => new Promise(() => undefined), explain, 10);
    expect(late).to.include({ check: 'a', result: 'warning', text: 'no result within 0.01 s' });
  });
});

describe('the doctor on the registry', () => {
  const entry = (uuid: string, ip: string | null, port: string | null = null): RegistryEntry => ({
    uuid,
    stored: { ip, port },
    health: UNCHECKED,
    checkedAt: 0,
    reportedFault: null,
  });
  const around = (over: Partial<RegistryContext> = {}): RegistryContext => ({
    config,
    uuid: US,
    ip: '8.8.4.4',
    families: new Set(['IPv4']),
    ...over,
  });
  const examined = async (entries: readonly RegistryEntry[], over: Partial<RegistryContext> = {}) => {
    const half = Math.ceil(entries.length / 2);
    async function* pages() {
      yield await Promise.resolve(entries.slice(0, half));
      yield entries.slice(half);
    }
    return checkRegistry(pages(), around(over), () => 0);
  };

  it('finds nothing in a sound one', async () => {
    const found = await examined([entry('a', '1.1.1.1'), entry('b', '1.1.1.1', '81'), entry('a', '1.1.1.1')]);
    expect(results(found)).to.deep.equal(['ok', 'ok', 'ok']);
    expect(results(await examined([]))).to.deep.equal(['ok', 'ok', 'ok']);
  });

  it('names entries that are malformed or denied, doubles of an address, us, and whoever has our address', async () => {
    const found = await examined([
      entry('a', null),
      entry('b', '10.0.0.1'),
      entry('c', '1.1.1.1'),
      entry('d', '::ffff:1.1.1.1', '80'),
      entry(US.toUpperCase(), '8.8.4.4'),
      entry('e', '8.8.4.4'),
      entry('f', '8.8.4.4', '81'),
    ]);
    expect(texts(found)).to.deep.equal([
      "1 consumer can't be called, malformed: a (no ip)",
      '1 consumer may not be called: b (ip "10.0.0.1")',
      '1 consumer at the address of another one: d and c (1.1.1.1 port 80)',
      'we are a consumer of our own registry',
      '1 consumer at our own public IP: e',
    ]);
    for (const { result, advice } of found) expect(advice === '').to.equal(result === 'ok');
  });

  it('names ten of many', async () => {
    const [text = ''] = texts(await examined(Array.from({ length: 30 }, (_, i) => entry(`bad${i}`, 'no'))));
    expect(text)
      .to.match(/^30 consumers can't be called/)
      .and.match(/bad9 .* and 20 more$/);
  });

  it('stops after its time, and says how far it came', async () => {
    let now = 0;
    async function* pages() {
      for (;;) yield await Promise.resolve([entry('a', '1.1.1.1')]);
    }
    const found = await checkRegistry(pages(), around(), () => (now += 1_000));
    expect(texts(found)[0]).to.match(/^only the first \d consumers were looked at/);
  });

  it('says when the host lacks the family of some peers', async () => {
    const some = [entry('a', '1.1.1.1'), entry('b', '2606:4700::1111')];
    expect(texts(await examined(some), 'error')).to.deep.equal([
      'this host has IPv4, but no IPv6 address, and so no way to 1 consumer',
    ]);
    expect(results(await examined(some, { families: new Set(['IPv4', 'IPv6']) }))).to.not.include('error');
    expect(texts(await examined(some, { families: new Set() }))).to.deep.equal([
      'this host has no address but loopback',
    ]);
  });

  it('says what the history of very many takes', async () => {
    const many = Array.from({ length: 100_000 }, () => entry('a', '1.1.1.1'));
    const found = await examined(many);
    expect(texts(found)).to.deep.equal([
      "that of 100000 consumers takes about 138 MB of Redis' memory when it is full",
    ]);
    expect(found.find(({ check }) => check === 'history')?.advice).to.include('with 24 it takes about 61 MB');
    const short = { ...config, history: { hours: 24, days: 90 } };
    expect(texts(await examined(many, { config: short }))).to.deep.equal([]);
  });
});

describe('the doctor on the sources of the public IP', () => {
  const source = (name: string, answer: IpAnswer | undefined): IpSource => ({
    name,
    remote: true,
    lookup: () => (answer === undefined ? new Promise(() => undefined) : Promise.resolve(answer)),
  });
  const settings = { override: undefined, timeoutMs: 20, quorum: 2 };
  const yes = (ip: string): IpAnswer => ({ ok: true, ip });

  it('is content where they agree, and with an override', async () => {
    const found = await checkSources(settings, [source('a', yes('1.1.1.1')), source('b', yes('1.1.1.1'))]);
    expect(results(found)).to.deep.equal(['ok', 'ok']);
    expect(found[0]?.text).to.match(/^a says 1\.1\.1\.1 \(\d+ ms\)$/);
    expect(results(await checkSources({ ...settings, override: '1.1.1.1' }, []))).to.deep.equal(['ok']);
  });

  it('tells a silent one, one that fails, and what they come to', async () => {
    const found = await checkSources(settings, [
      source('a', yes('1.1.1.1')),
      source('b', undefined),
      source('c', { ok: false, reason: 'http-503' }),
    ]);
    expect(texts(found)[0]).to.match(/^b gives no answer: timeout \(\d+ ms\)$/);
    expect(texts(found)[1]).to.match(/^c gives no answer: http-503/);
    expect(texts(found)[2]).to.equal('1 of 3 sources answer, publicIp.quorum is 2');
  });

  it('tells that they disagree, and that none answers', async () => {
    const two = await checkSources(settings, [source('a', yes('1.1.1.1')), source('b', yes('8.8.8.8'))]);
    expect(texts(two)).to.deep.equal(['the sources disagree: 1.1.1.1, 8.8.8.8']);
    const none = await checkSources(settings, [source('a', { ok: false, reason: 'tls' })]);
    expect(texts(none, 'error')).to.deep.equal(['no source answers: producers can be told nothing']);
  });
});

describe('the doctor on the host', () => {
  const limits = (soft: string) => `Limit   Soft Limit  Hard Limit Units\nMax open files   ${soft}   4096   files\n`;

  it('reads the limit of descriptors, where there is one', () => {
    expect(descriptorLimit(limits('1024'))).to.equal(1_024);
    expect(descriptorLimit(limits('unlimited'))).to.equal(undefined);
    expect(descriptorLimit('')).to.equal(undefined);
  });

  it('holds it against what the calls at once need', async () => {
    const found = (soft: string) => checkDescriptors(config, () => Promise.resolve(limits(soft)));
    expect(await found('1024')).to.deep.equal([ok('file descriptors', '1024 may be open, about 356 are needed')]);
    expect(results(await found('355'))).to.deep.equal(['error']);
    expect(results(await checkDescriptors(config, () => Promise.reject(new Error('none'))))).to.deep.equal(['ok']);
  });

  it('tells who works on the registry', () => {
    const state = { uuid: US, heartbeat_at: '100000', host: 'here', pid: '7' };
    const other = { ...state, uuid: 'aaaaaaaa-0000-4000-8000-000000000000' };
    expect(results(checkScheduler({}, US, 0))).to.deep.equal(['ok']);
    expect(results(checkScheduler({ uuid: US }, US, 0))).to.deep.equal(['ok']);
    expect(checkScheduler(state, US, 104_000)[0]?.text).to.equal(
      `one runs: ${US}, here, process 7, last sign of life 4 s ago`,
    );
    expect(texts(checkScheduler(state, US, 200_000))[0]).to.include('has been silent for 1 min');
    expect(texts(checkScheduler(other, US, 104_000), 'error')[0]).to.include('another one works on this registry');
    expect(results(checkScheduler(other, undefined, 104_000))).to.deep.equal(['ok']);
  });
});
