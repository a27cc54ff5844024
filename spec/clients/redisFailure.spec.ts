import { expect } from 'chai';
import { redisFailure } from '#src/clients/redis.js';

describe('redisFailure', () => {
  const table: readonly (readonly [string, string])[] = [
    [
      'WRONGPASS invalid username-password pair',
      'the server does not accept our user and password (WRONGPASS): check redis.url, or redis.username and .password',
    ],
    ['connect ECONNREFUSED 127.0.0.1:6379', 'nothing listens at 127.0.0.1:6379 (ECONNREFUSED)'],
    ['connect ENOENT /run/redis.sock', 'there is no socket at /run/redis.sock (ENOENT)'],
    ['connect EACCES /run/redis.sock', 'we may not use the socket /run/redis.sock (EACCES)'],
    ['getaddrinfo ENOTFOUND h', 'no address is known for h (ENOTFOUND)'],
    ['getaddrinfo EAI_AGAIN h', 'the address of h can’t be looked up at present (EAI_AGAIN)'],
    ['connect EHOSTUNREACH ::1:6379 - Local (:::0)', 'there is no way to ::1:6379 (EHOSTUNREACH)'],
    ['connect ETIMEDOUT', 'nothing answers to connecting (ETIMEDOUT): check host and port, and firewalls on the way'],
    ['read ECONNRESET', 'the connection was lost'],
    ['connect EMFILE /run/redis.sock', 'no more files can be opened (EMFILE): raise the limit on open files'],
    ['LOADING Redis is loading the dataset in memory', 'the server is still loading its data (LOADING)'],
    ['BUSY Redis is busy running a script.', 'the server is held up by a script (BUSY): SCRIPT KILL ends that'],
    [
      'MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to ...',
      'the server is a replica that has lost its primary (MASTERDOWN)',
    ],
    [
      "READONLY You can't write against a read only replica.",
      'the server is a replica, and takes no writes (READONLY): name the primary',
    ],
    [
      "ERR Error running script (call to f_1): @user_script:1: -READONLY You can't write against a read only replica.",
      'the server is a replica, and takes no writes (READONLY): name the primary',
    ],
    [
      'MISCONF Redis is configured to save RDB snapshots, but',
      'the server can’t save its data, and takes no writes (MISCONF): see its log and its disk',
    ],
    [
      "OOM command not allowed when used memory > 'maxmemory'.",
      'the server’s memory is full (OOM): raise its maxmemory, or remove other data',
    ],
    ['NOREPLICAS Not enough good replicas to write.', 'the server has too few replicas to take writes (NOREPLICAS)'],
    [
      "ERR ACL failure in script: User x y has no permissions to run the 'hset' command script: 0c5b, on @user_script:7.",
      "our user lacks a permission in a script (User x y has no permissions to run the 'hset' command); docs/redis.md lists what it needs",
    ],
    [
      "ERR ACL failure in script: User default has no permissions to access the 'p2p:x' key script: 0c5b, on @user_script:7.",
      "our user lacks a permission in a script (User default has no permissions to access the 'p2p:x' key); docs/redis.md lists what it needs",
    ],
    [
      'ERR ACL failure in script: No permissions to access a key script: 0c5b, on @user_script:7.',
      'our user lacks a permission in a script (No permissions to access a key); docs/redis.md lists what it needs',
    ],
    ['MOVED 3999 127.0.0.1:6381', 'the server is a node of a Cluster (MOVED): name it in redis.cluster'],
    ['WRONGTYPE Operation against a key', 'a key of ours holds a value of another type (WRONGTYPE)'],
    [
      'ERR Error running script (call to f_1): @user_script:1: WRONGTYPE Operation against a key',
      'a key of ours holds a value of another type (WRONGTYPE)',
    ],
    [
      'SETASIDE p2p:scheduler and p2p:announcements',
      'p2p:scheduler and p2p:announcements held a value of another type, which was taken away: that begins anew',
    ],
    ['ERR DB index is out of range', 'the server has no database of that number (DB index is out of range)'],
    [
      'Command queue state error. If you can reproduce this, please report it. Last error: ERR max number of clients reached',
      'the server has as many clients as it allows: raise its maxclients, or see who holds so many',
    ],
    [
      'Command queue state error. If you can reproduce this, please report it. Last reply: secret',
      'what answers there is no Redis: check host and port',
    ],
    [
      'All sentinels are unreachable. Retrying from scratch after 50ms.',
      'no sentinel answers and knows a primary: check redis.sentinel.nodes',
    ],
    [
      'All sentinels are unreachable. Retrying from scratch after 250ms. Last error: Connection is closed.',
      'no sentinel answers and knows a primary: check redis.sentinel.nodes',
    ],
    [
      "All sentinels are unreachable. Retrying from scratch after 250ms. Last error: NOPERM no 'x' command",
      "our user of the sentinels lacks a permission (NOPERM no 'x' command); docs/redis.md lists what it needs",
    ],
    [
      'All sentinels are unreachable. Retrying from scratch after 250ms. Last error: LOADING Redis is loading',
      'the server is still loading its data (LOADING)',
    ],
    ['Command timed out', 'no answer within a second'],
    ["Socket timeout. Expecting data, but didn't receive any in 1000ms.", 'no answer within a second'],
    ["Stream isn't writeable and enableOfflineQueue options is false", 'no connection'],
    ["Cluster isn't ready and enableOfflineQueue options is false", 'no connection'],
    ['Connection is closed.', 'no connection'],
    ['Reached the max retries per request limit (which is 0). Refer to …', 'no connection'],
    ['Command aborted due to connection close', 'the connection was lost'],
    [
      "ERR unknown command 'X', with args beginning with: 'secret' ",
      'the server does not know the command X: is it a sentinel, a proxy, or older than Redis 5?',
    ],
    [
      'ERR unknown command `X`, with args beginning with: `secret`, ',
      'the server does not know the command X: is it a sentinel, a proxy, or older than Redis 5?',
    ],
    ["ERR odd thing, with args beginning with: 'secret'", 'ERR odd thing'],
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
    const words = redisFailure(cause);
    expect(redisFailure(new AggregateError([cause]))).to.equal(words);
    expect(redisFailure(Object.assign(new Error('Failed'), { lastNodeError: cause }))).to.equal(words);
    expect(redisFailure(new AggregateError(['?'], ''))).to.equal('AggregateError');
  });

  it('has words for what is no error at all', () => {
    expect(redisFailure('secret')).to.equal('unknown failure');
  });
});
