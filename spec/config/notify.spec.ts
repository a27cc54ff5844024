import { expect } from 'chai';
import { masked } from '#src/config/mask.js';
import { loadText, problemsIn, UUID } from './support.js';

const PLACE = 'https://hook.example/planted';

describe('notify', () => {
  const load = (...entries: readonly unknown[]) => loadText(JSON.stringify({ uuid: UUID, notify: entries }));
  const problems = (...entries: readonly unknown[]): Promise<string[]> => problemsIn(load(...entries));
  const webhook = (over: object = {}) => ({ webhook: PLACE, events: ['redis-down'], ...over });

  it('is a list of webhooks and pings, empty where nobody is to be told', async () => {
    expect((await loadText(`uuid: ${UUID}`)).config.notify).to.deep.equal([]);
    const { config } = await load(webhook(), { ping: PLACE });
    expect(config.notify).to.deep.equal([
      { webhook: PLACE, events: ['redis-down'], template: 'json', headers: {}, peerDownAfterMs: 300_000 },
      { ping: PLACE },
    ]);
  });

  it('is read from the environment as well', async () => {
    const env = { LOCAL_UUID: UUID, CONSUMER_SCHEDULER__NOTIFY: `[{ping: "${PLACE}"}]` };
    expect((await loadText('log: {level: info}', env)).config.notify).to.deep.equal([{ ping: PLACE }]);
  });

  const wrong: readonly (readonly [string, unknown, RegExp])[] = [
    ['what is no list', 'x', /^notify\.0: expected \{webhook: URL, events: \[…\]\}/],
    ['both at once', { ...webhook(), ping: PLACE }, /^notify\.0: expected \{webhook: URL/],
    ['no events', { webhook: PLACE }, /^notify\.0\.events: expected a list of isolated, ip-changed, /],
    ['an empty list of events', webhook({ events: [] }), /^notify\.0\.events: expected a list of isolated/],
    ['an unknown event', webhook({ events: ['planted'] }), /^notify\.0\.events\.0: expected one of isolated, /],
    [
      'another scheme',
      webhook({ webhook: 'ftp://planted/' }),
      /^notify\.0\.webhook: expected a URL beginning with http/,
    ],
    ['an unknown template', webhook({ template: 'planted' }), /^notify\.0\.template: expected one of json, ntfy, /],
    [
      'an unknown placeholder',
      webhook({ template: '{"planted": "{{message}}"}' }),
      /^notify\.0\.template: expected only these placeholders: \{\{event\}\}/,
    ],
    [
      'a placeholder outside of a string',
      webhook({ template: '{"planted": {{text}}}' }),
      /^notify\.0\.template: expected a JSON text whose placeholders stand inside of its strings/,
    ],
    [
      'no topic for ntfy',
      webhook({ template: 'ntfy', webhook: 'https://planted/' }),
      /^notify\.0\.webhook: expected the URL of a topic/,
    ],
    ['too short a time', webhook({ peerDownAfter: 5 }), /^notify\.0\.peerDownAfter: expected a duration from 1s/],
    ['a header that is ours', webhook({ headers: { host: 'planted' } }), /^notify\.0\.headers\.host: expected another/],
    ['a ping of another scheme', { ping: 'planted' }, /^notify\.0\.ping: expected a URL beginning with http/],
  ];
  for (const [what, entry, expected] of wrong) {
    it(`is not ${what}, which is named without its value`, async () => {
      const found = await problems(entry);
      expect(found).to.have.length(1);
      expect(found[0]).to.match(expected).and.not.include('planted');
    });
  }

  it('is not neither of the two, of which the key that is unknown is named as well', async () => {
    const [neither = '', unknown = '', ...others] = await problems({ url: PLACE });
    expect(neither).to.match(/^notify\.0: expected \{webhook: URL, events: \[…\]\}, with template/);
    expect(unknown).to.match(/^notify\.0\.url: unknown key; (did you mean|the nearest known key is) notify\.0\.\w+/);
    expect(others).to.deep.equal([]);
  });

  it('shows neither URLs nor headers nor a template of the operator’s own', async () => {
    const own = webhook({ template: '{"routing_key": "planted"}', headers: { authorization: 'planted' } });
    const { declared } = await load(own, webhook({ template: 'ntfy' }), { ping: PLACE });
    const shown = masked(declared).notify;
    expect(JSON.stringify(shown)).to.not.include('planted').and.not.include('hook.example');
    const common = { webhook: '***', events: ['redis-down'], peerDownAfter: '5m' };
    expect(shown).to.deep.equal([
      { ...common, template: '***', headers: { authorization: '***' } },
      { ...common, template: 'ntfy', headers: {} },
      { ping: '***' },
    ]);
  });
});
