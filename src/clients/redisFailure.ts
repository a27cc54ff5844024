const MAX_LENGTH = 200;

/** A failure of a command that does not show the cause. */
export const NO_CONNECTION = 'no connection';
export const CONNECTION_LOST = 'the connection was lost';
export const NO_NODE = 'no node of the cluster answers and serves our keys: check redis.cluster';
export const CLOSED_UNANSWERED =
  'the server closes each connection before it answers: a server for TLS is named by rediss://';
export const CLOSED_UNANSWERED_TLS =
  'the server closes each connection before it answers: it may want our certificate (redis.tls.cert)';
export const NO_TLS = 'nothing answers in TLS: check host and port; a server without TLS is named by redis://';

type Patterns = readonly (readonly [RegExp, string])[];

/** Messages of the client, and their meaning. */
const CLIENT: Patterns = [
  [/enableOfflineQueue|Connection is closed|Stream isn't writeable|Reached the max retries/i, NO_CONNECTION],
  [/^Command aborted due to connection close/, CONNECTION_LOST],
  [/^(Command timed out|Socket timeout)/, 'no answer within a second'],
  [/^Unknown RESP type|Last reply:/, 'what answers there is no Redis: check host and port'],
  [/reading 'join'|^None of startup nodes|^Too many Cluster redirections/, NO_NODE],
  [/ECONNREFUSED (.+)/, 'nothing listens at $1 (ECONNREFUSED)'],
  [/ENOENT (.+)/, 'there is no socket at $1 (ENOENT)'],
  [/EACCES (.+)/, 'we may not use the socket $1 (EACCES)'],
  [/ENOTFOUND (.+)/, 'no address is known for $1 (ENOTFOUND)'],
  [/EAI_AGAIN (.+)/, 'the address of $1 can’t be looked up at present (EAI_AGAIN)'],
  [/ETIMEDOUT/, 'nothing answers to connecting (ETIMEDOUT): check host and port, and firewalls on the way'],
  [/(EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL) (\S+)/, 'there is no way to $2 ($1)'],
  [/ECONNRESET|EPIPE/, CONNECTION_LOST],
  [/EMFILE|ENFILE/, 'no more files can be opened (EMFILE): raise the limit on open files'],
  [
    /self-signed certificate|unable to (?:get|verify)/,
    'no authority that we trust has signed the server’s certificate ($&): name the authority in redis.tls.ca',
  ],
  [/certificate has expired/, 'the server’s certificate has expired'],
  [/certificate is not yet valid/, 'the server’s certificate is not valid yet'],
  [/does not match certificate's altnames/, 'the server’s certificate is for another host than the one that is named'],
  [
    /alert (certificate required|bad certificate|unknown ca|handshake failure)/,
    'the server does not accept our certificate, or the lack of one ($1): check redis.tls.cert and redis.tls.key',
  ],
  [/SSL routines|EPROTO|^Client network socket disconnected before secure/, NO_TLS],
];

/** Replies of Redis, and their meaning. */
const SERVER: Patterns = [
  // The second is the answer to a long command without a login, after which the server closes the connection.
  [
    /^NOAUTH|unauthenticated (multi)?bulk length/,
    'the server wants a password (NOAUTH): set redis.password, or one in redis.url',
  ],
  [
    /^WRONGPASS/,
    'the server does not accept our user and password (WRONGPASS): check redis.url, or redis.username and .password',
  ],
  [
    /The user executing the script can't (.*?)(?= script:|$)/,
    'our user lacks a permission in a script (it can’t $1); docs/redis.md lists what it needs',
  ],
  [
    /ACL failure in script: (.*?)(?= script:|$)/,
    'our user lacks a permission in a script ($1); docs/redis.md lists what it needs',
  ],
  [/\bNOPERM (.*)/, 'our user lacks a permission (NOPERM $1); docs/redis.md lists what it needs'],
  [
    /^DENIED/,
    'the server is in protected mode, and takes connections from its own host alone (DENIED): set a password there',
  ],
  [
    /^ERR max number of clients/,
    'the server has as many clients as it allows: raise its maxclients, or see who holds so many',
  ],
  [/^LOADING/, 'the server is still loading its data (LOADING)'],
  [/^BUSY /, 'the server is held up by a script (BUSY): SCRIPT KILL ends that'],
  [/^MASTERDOWN/, 'the server is a replica that has lost its primary (MASTERDOWN)'],
  [/\bREADONLY\b/, 'the server is a replica, and takes no writes (READONLY): name the primary'],
  [/\bMISCONF\b/, 'the server can’t save its data, and takes no writes (MISCONF): see its log and its disk'],
  [/\bOOM\b/, 'the server’s memory is full (OOM): raise its maxmemory, or remove other data'],
  [/\bNOREPLICAS\b/, 'the server has too few replicas to take writes (NOREPLICAS)'],
  [/^CLUSTERDOWN/, 'the cluster does not serve our keys (CLUSTERDOWN)'],
  [/^(MOVED|ASK) /, 'the server is a node of a Cluster ($1): name it in redis.cluster'],
  [/^ERR SELECT is not allowed in cluster mode/, 'the server is a node of a Cluster, which has only the database 0'],
  [/^ERR This instance has cluster support disabled/, 'the server is no node of a Cluster: name it in redis.url'],
  [/^ERR (DB index is out of range|invalid DB index)/, 'the server has no database of that number ($1)'],
  [
    /^ERR unknown command ['`](\w+)/i,
    'the server does not know the command $1: is it a sentinel, a proxy, or older than Redis 5?',
  ],
  [/^FENCED $/, 'our lease of the registry has to be taken again first'],
  [/^FENCED (.+)/, 'another scheduler holds the registry ($1)'],
  [/^SETASIDE (.+)/, '$1 held a value of another type, which was taken away: that begins anew'],
  [/\bWRONGTYPE\b/, 'a key of ours holds a value of another type (WRONGTYPE)'],
];

/** Messages of the sentinels, and their meaning. */
const SENTINEL: Patterns = [
  [/No such master/, 'the sentinels know no primary of that name: check redis.sentinel.name'],
  [/unknown command/i, 'redis.sentinel.nodes names no sentinel: what answers there is another Redis'],
  [/NOAUTH/, 'the sentinels want a password (NOAUTH): set redis.sentinel.password'],
  [/NOPERM (.*)/, 'our user of the sentinels lacks a permission (NOPERM $1); docs/redis.md lists what it needs'],
  [/WRONGPASS/, 'the sentinels do not accept our user and password (WRONGPASS): check redis.sentinel'],
  [/^$|Connection is closed/, 'no sentinel answers and knows a primary: check redis.sentinel.nodes'],
];

/**
 * A short text for the error of a command: what is wrong with Redis, and what to do. An unknown failure gives the
 * error line of the server. The text never contains arguments of the command, because they may hold a password or
 * text from a peer.
 */
export function redisFailure(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown failure';
  const { message } = innermost(error);
  const [, sentinel] = /^All sentinels are unreachable.*?(?:$|Last error: (.*))/s.exec(message) ?? [];
  const found = message.startsWith('All sentinels') ? textFor(sentinel ?? '', SENTINEL) : undefined;
  // A refused connection arrives as a reply without a command, which the client reports as this queue error.
  const reply = sentinel ?? message.replace(/^Command queue state error.*Last error: /s, '');
  const words = found ?? textFor(reply, CLIENT) ?? textFor(reply, SERVER);
  if (words !== undefined) return words.slice(0, MAX_LENGTH);
  const [line = ''] = reply.split(/[\r\n]|, with args beginning with/, 1);
  return line === '' ? error.name : line.slice(0, MAX_LENGTH);
}

/** The text of the first pattern that matches, with its groups filled in. */
function textFor(reply: string, patterns: Patterns): string | undefined {
  for (const [pattern, text] of patterns) {
    const found = pattern.exec(reply.split(/[\r\n]/, 1)[0] ?? '');
    if (found !== null) return text.replace(/\$([\d&])/g, (_, n: string) => found[n === '&' ? 0 : Number(n)] ?? '');
  }
  return undefined;
}

/** The error of a cluster, or of a name with several addresses, contains the errors of its parts. */
function innermost(error: Error): Error {
  const { lastNodeError } = error as { lastNodeError?: unknown };
  if (lastNodeError instanceof Error) return innermost(lastNodeError);
  if (!(error instanceof AggregateError)) return error;
  const [first] = error.errors as readonly unknown[];
  return first instanceof Error ? innermost(first) : error;
}
