import { Validator } from '@seriousme/openapi-schema-validator';
import { expect } from 'chai';
import { openApi } from '#src/status/openApi.js';
import { SORTS } from '#src/status/schema.js';

interface Document {
  readonly paths: Readonly<Record<string, { readonly get: { readonly parameters?: readonly Parameter[] } }>>;
}

interface Parameter {
  readonly name: string;
  readonly schema: { readonly type?: string; readonly minimum?: number; readonly maximum?: number; default?: unknown };
}

describe('the OpenAPI document', () => {
  const document = JSON.parse(JSON.stringify(openApi('1.2.3'))) as Document;
  const parameters = (path: string): readonly Parameter[] => document.paths[path]?.get.parameters ?? [];

  it('is valid, and every reference in it leads somewhere', async () => {
    const validator = new Validator();
    const { valid, errors } = await validator.validate({ ...structuredClone(document) });
    expect(valid, JSON.stringify(errors)).to.equal(true);
    expect(validator.version).to.equal('3.1');
    for (const [, place = ''] of JSON.stringify(document).matchAll(/"\$ref":"([^"]*)"/g)) {
      const steps = place.replace(/^#\//, '').split('/');
      const found = steps.reduce<unknown>((at, step) => (at as Record<string, unknown> | undefined)?.[step], document);
      expect(found, place).to.be.an('object');
    }
  });

  it('names every path, and what each is asked with', () => {
    expect(Object.keys(document.paths)).to.have.members([
      ...['/healthz', '/readyz', '/metrics', '/api/status', '/api/peers', '/api/peers/{kind}/{uuid}', '/api/series'],
      ...['/api/events', '/api/openapi.json', '/'],
    ]);
    expect(parameters('/api/peers').map(({ name }) => name)).to.have.members([
      ...['kind', 'state', 'q', 'sort', 'limit', 'cursor'],
    ]);
    const limit = parameters('/api/peers').find(({ name }) => name === 'limit');
    expect(limit?.schema).to.include({ type: 'integer', minimum: 1, maximum: 1_000, default: 100 });
    expect(JSON.stringify(parameters('/api/peers'))).to.include(SORTS.join('|'));
    expect(parameters('/api/series').map(({ name }) => name)).to.have.members(['from', 'to']);
  });

  it('says what each JSON answer is like', () => {
    for (const [path, { get }] of Object.entries(document.paths)) {
      const text = JSON.stringify(get);
      if (path.startsWith('/api/') && !path.endsWith('events'))
        expect(text, path).to.match(/"application\/json":\{"schema":/);
      expect(text.includes('"401"'), path).to.equal(!/healthz|readyz/.test(path));
    }
  });
});
