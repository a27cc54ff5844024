import { expect } from 'chai';
import { redisFailure } from '#src/clients/redis.js';

describe('redisFailure', () => {
  const table: readonly (readonly [string, string])[] = [
    ['WRONGPASS invalid username-password pair', 'WRONGPASS invalid username-password pair'],
    ['connect ECONNREFUSED 127.0.0.1:6379', 'connect ECONNREFUSED 127.0.0.1:6379'],
    ['Command timed out', 'no answer within a second'],
    ["Socket timeout. Expecting data, but didn't receive any in 1000ms.", 'no answer within a second'],
    ["Stream isn't writeable and enableOfflineQueue options is false", 'no connection'],
    ["Cluster isn't ready and enableOfflineQueue options is false", 'no connection'],
    ['Connection is closed.', 'no connection'],
    ['Reached the max retries per request limit (which is 0). Refer to …', 'no connection'],
    ['Command aborted due to connection close', 'the connection was lost'],
    ["ERR unknown command 'X', with args beginning with: 'secret' ", "ERR unknown command 'X'"],
    ['ERR one\r\nsecret', 'ERR one'],
    ['', 'Error'],
  ];
  for (const [message, expected] of table) {
    it(`${message === '' ? 'no message' : JSON.stringify(message)}: ${expected}`, () => {
      expect(redisFailure(new Error(message))).to.equal(expected);
    });
  }

  it('never says much', () => {
    expect(redisFailure(new Error(`ERR ${'x'.repeat(10_000)}`))).to.have.length(200);
  });

  it('looks for the cause inside', () => {
    const cause = new Error('connect ECONNREFUSED ::1:6379');
    expect(redisFailure(new AggregateError([cause]))).to.equal(cause.message);
    expect(redisFailure(Object.assign(new Error('Failed'), { lastNodeError: cause }))).to.equal(cause.message);
    expect(redisFailure(new AggregateError(['?'], ''))).to.equal('AggregateError');
  });

  it('has words for what is no error at all', () => {
    expect(redisFailure('secret')).to.equal('unknown failure');
  });
});
