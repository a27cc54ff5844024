import { expect } from 'chai';
import { Cluster, Redis } from 'ioredis';
import { openRegistry, type ConsumerEntry, type Registration, type Registry } from '#src/registry.js';
import { ipCall, parseCall, verify, type IpCall, type SyncCall } from '#src/wire.js';

const UUID = 'aaaaaaaa-0000-4000-8000-000000000000';

/** Compiled and not run: each `@ts-expect-error` fails the build where the line below it has become valid. */
export async function compiled(registry: Registry, redis: Redis): Promise<void> {
  openRegistry({ redis });
  openRegistry({ redis: new Redis({ protocol: 2 }), prefix: '{p2p}:', mostPerSource: Infinity });
  openRegistry({ redis: new Cluster([]) });
  // @ts-expect-error a client of Redis is not optional
  openRegistry({ prefix: 'p2p:' });
  // @ts-expect-error no URL: the client is the caller's
  openRegistry({ redis: 'redis://127.0.0.1' });

  const result: Registration = await registry.register('consumer', { uuid: UUID, ip: '203.0.113.7', port: null });
  // @ts-expect-error a refusal has no uuid
  result.uuid;
  if (result.outcome === 'registered') result.uuid satisfies string;
  else result.reason satisfies 'too-many-from-source';
  // @ts-expect-error no such kind
  await registry.register('customer', { uuid: UUID, ip: '203.0.113.7' });
  // @ts-expect-error no address
  await registry.register('consumer', { uuid: UUID });
  // @ts-expect-error a port is a number
  await registry.register('consumer', { uuid: UUID, ip: '203.0.113.7', port: '80' });
  // @ts-expect-error the scheduler's fields can't be written
  await registry.register('consumer', { uuid: UUID, ip: '203.0.113.7', available: true });

  const consumer = await registry.get('consumer', UUID);
  consumer satisfies ConsumerEntry | undefined;
  consumer?.state satisfies 'available' | 'suspect' | 'unavailable' | undefined;
  // @ts-expect-error that is a producer's
  consumer?.notifiedIp;
  for await (const producer of registry.list('producer')) {
    producer.notifiedAt satisfies number | undefined;
    // @ts-expect-error that is a consumer's
    producer.available;
    // @ts-expect-error entries are read, not changed
    producer.ip = '203.0.113.7';
  }
  for await (const { id, type, at } of registry.events({ after: '0' })) [id, type, at] satisfies unknown[];
  // @ts-expect-error an id is a text
  registry.events({ after: 0 });
}

/** The same of the calls. */
export function compiledToo(sync: SyncCall): void {
  sync.ip satisfies string | undefined;
  // @ts-expect-error there may be none
  sync.ip satisfies string;
  void (parseCall(ipCall, '') satisfies IpCall | undefined);
  // @ts-expect-error there may be no call in it
  parseCall(ipCall, '').ip;
  // @ts-expect-error without a time nothing is known of its age
  verify('secret', { headers: {}, body: '' });
}

describe('the types of the registry and of the calls', () => {
  it('refuse what can’t be, and take both clients of ioredis', () => {
    // What fails here, fails when the specs are compiled.
    expect([compiled, compiledToo]).to.have.length(2);
  });
});
