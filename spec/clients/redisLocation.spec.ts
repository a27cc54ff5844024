import { expect } from 'chai';
import { clusterOptions, describeRedis, serverOptions } from '#src/clients/redisLocation.js';

describe('describeRedis', () => {
  it('names the place, and neither user nor password', () => {
    expect(describeRedis({ url: 'rediss://user:secret@example.org:6380/2?x=secret' })).to.equal(
      'rediss://example.org:6380/2',
    );
    expect(describeRedis({ url: 'redis://user:secret@example.org?db=2' })).to.equal('redis://example.org?db=2');
    expect(describeRedis({ url: 'unix:///run/redis.sock?db=1' })).to.equal('unix:///run/redis.sock?db=1');
    expect(describeRedis({ socketPath: '/run/redis.sock' })).to.equal('unix socket /run/redis.sock');
    expect(describeRedis({ sentinel: { name: 'main', nodes: ['a:1'] } })).to.equal('sentinel main');
    expect(describeRedis({ cluster: ['redis://:secret@a:1', 'redis://b'] })).to.equal('cluster redis://a:1, redis://b');
  });
});

describe('the place of Redis', () => {
  it('has the usual port where none is named', () => {
    expect(serverOptions({ url: 'redis://h' })).to.include({ host: 'h', port: 6_379, db: 0 });
    expect(serverOptions({ url: 'redis:///2' })).to.include({ host: '127.0.0.1', port: 6_379, db: 2 });
    expect(clusterOptions({ cluster: ['redis://h', 'redis://[::1]', 'redis://h:1'] }).nodes).to.deep.equal([
      { host: 'h', port: 6_379 },
      { host: '::1', port: 6_379 },
      { host: 'h', port: 1 },
    ]);
    const sentinel = { name: 'main', nodes: ['h:1', '[::1]:2'] };
    expect(serverOptions({ sentinel })).to.deep.include({
      sentinels: [
        { host: 'h', port: 1 },
        { host: '::1', port: 2 },
      ],
    });
  });

  it('is entered with what is named and nothing else', () => {
    expect(serverOptions({ url: 'redis://h', username: undefined, password: undefined, tls: {} })).to.deep.equal({
      host: 'h',
      port: 6_379,
      db: 0,
    });
    expect(serverOptions({ url: 'rediss://h', tls: { ca: 'a' } })).to.deep.include({ tls: { ca: 'a' } });
    const cluster = clusterOptions({ cluster: ['redis://a', 'redis://me:one%2F@b'] });
    expect(cluster.entry).to.deep.equal({ username: 'me', password: 'one/' });
  });
});
