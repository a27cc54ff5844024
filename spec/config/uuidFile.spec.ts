import { expect } from 'chai';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '#src/config/load.js';

const BESIDE = 'aaaaaaaa-0000-4000-8000-000000000000';
const OURS = 'bbbbbbbb-0000-4000-8000-000000000000';

describe('a UUID in a file of its own beside the configuration', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'uuid-'));
    await writeFile(join(folder, 'uuid'), `${BESIDE}\n`);
  });
  afterEach(() => rm(folder, { recursive: true }));

  const load = async (text: string, env: NodeJS.ProcessEnv = {}) => {
    const file = join(folder, 'config.yaml');
    await writeFile(file, text);
    return (await loadConfig({ file, env })).config.uuid;
  };
  const failureOf = (text: string) =>
    load(text).then(
      () => expect.fail('it was taken'),
      (error: unknown) => (error as Error).message,
    );

  it('counts where nothing else says one', async () => {
    expect(await load('sync: {interval: 30s}')).to.equal(BESIDE);
  });

  it('counts for nothing where the configuration or the environment has one', async () => {
    expect(await load(`uuid: ${OURS}`)).to.equal(OURS);
    expect(await load('sync: {interval: 30s}', { LOCAL_UUID: OURS })).to.equal(OURS);
  });

  it('is named where it holds no UUID', async () => {
    await writeFile(join(folder, 'uuid'), 'me\n');
    expect(await failureOf('sync: {interval: 30s}')).to.match(/^uuid: expected a UUID .*\(.*\/uuid\)$/);
  });

  it('need not be there', async () => {
    await rm(join(folder, 'uuid'));
    expect(await failureOf('sync: {interval: 30s}')).to.match(/^uuid: required/);
  });
});
