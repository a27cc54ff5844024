import { expect } from 'chai';
import { makeParts } from '#src/app/deps.js';
import { openLog } from '#src/clients/logger.js';
import { openRedis } from '#src/clients/redis.js';
import { pem } from '../clients/testServer.js';
import { configOf } from '../support/deps.js';

describe('the HTTP client', () => {
  const redis = openRedis({ socketPath: '/nonexistent/redis.sock' });
  after(() => {
    redis.disconnect();
  });

  it('stays the same until a reload changes what belongs to HTTP', () => {
    const config = configOf();
    const { post } = makeParts(config, redis, openLog(config.log));
    const first = post(config);
    expect(post(configOf({ sync: { interval: '5s' } }))).to.equal(first);
    const native = post(configOf({ http: { client: 'native' } }));
    expect(native).to.not.equal(first);
    expect(post(configOf({ http: { client: 'native' }, sync: { path: '/other' } }))).to.equal(native);
    const { http } = configOf({ http: { client: 'native' } });
    const trusting = { ...config, http: { ...http, tls: { ...http.tls, ca: pem('ca.pem') } } };
    expect(post(trusting)).to.not.equal(native);
    expect(post(config)).to.not.equal(native);
  });
});
