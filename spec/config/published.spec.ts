import { expect } from 'chai';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { z } from 'zod';
import { schema } from '#src/config/config.js';
import { jsonSchema, keys } from '#src/config/keys.js';
import { toFileForm } from '#src/config/mask.js';
import { loadText, UUID } from './support.js';

const place = (name: string): string => fileURLToPath(new URL(`../../../${name}`, import.meta.url));
const read = (name: string): Promise<string> => readFile(place(name), 'utf8');
const leaves = keys.filter(({ node }) => node.properties === undefined).map(({ path }) => path);

describe('what is published of the configuration', () => {
  it('is current: the JSON Schema and the table of the reference', async () => {
    await promisify(execFile)(process.execPath, [place('scripts/config-schema.mjs'), '--check']);
  });

  describe('config.schema.json', () => {
    it('describes every key, and has every default that the program has', async () => {
      expect(JSON.parse(await read('config.schema.json'))).to.deep.equal(jsonSchema);
      const defaults = schema.parse({ uuid: UUID });
      for (const { path, node } of keys) {
        expect(node.description, path).to.be.a('string').and.not.equal('');
        if (node.properties !== undefined) continue;
        const filledIn = path !== 'uuid' && hasPath(toFileForm(defaults), path);
        expect(node.default !== undefined, `${path} has a default`).to.equal(filledIn);
        if (!filledIn) continue;
        const tree = path.split('.').reduceRight<unknown>((inner, name) => ({ [name]: inner }), node.default);
        expect(schema.parse({ uuid: UUID, ...(tree as object) }), path).to.deep.equal(defaults);
      }
    });

    it('by itself takes the example, and refuses what is wrong', async () => {
      const published = z.fromJSONSchema(JSON.parse(await read('config.schema.json')) as z.core.JSONSchema.JSONSchema);
      const example = parse(await read('consumer-scheduler.example.yaml')) as object;
      expect(published.safeParse(example).success).to.equal(true);
      for (const wrong of [
        { uuid: 'x' },
        { sync: { intervall: 1 } },
        { sync: { port: 0 } },
        { log: { level: 'loud' } },
      ]) {
        expect(published.safeParse({ ...example, ...wrong }).success, JSON.stringify(wrong)).to.equal(false);
      }
    });
  });

  it('the reference names every key', async () => {
    const page = await read('docs/configuration.md');
    for (const path of leaves) expect(page).to.include(`| \`${path}\` `);
  });

  describe('the example', () => {
    it('begins with what editors look for', async () => {
      expect(await read('consumer-scheduler.example.yaml')).to.match(
        /^# yaml-language-server: \$schema=\.\/config\.schema\.json\n/,
      );
    });

    it('is valid, and all defaults', async () => {
      const { config } = await loadText(await read('consumer-scheduler.example.yaml'));
      expect(config).to.deep.equal((await loadText(`uuid: ${UUID}`)).config);
    });

    it('has every key, some of them commented out, none of them wrong', async () => {
      const source = await read('consumer-scheduler.example.yaml');
      const whole = source.replace(/^(\s*)# ( *[a-z]\w*:( .*)?)$/gm, '$1$2');
      const example = parse(whole) as object;
      expect(leaves.filter((path) => !hasPath(example, path))).to.deep.equal([]);
      const { error } = schema.safeParse(example);
      const contradictions = error?.issues.map(({ path }) => path.join('.'));
      expect(contradictions).to.have.members(['redis.cluster', 'redis.keyPrefix']);
    });
  });
});

function hasPath(tree: unknown, path: string): boolean {
  const found = path
    .split('.')
    .reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], tree);
  return found !== undefined;
}
