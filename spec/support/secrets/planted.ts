import { pem } from '../../clients/testServer.js';

/**
 * One secret for each place that can hold one. Its first part survives any encoding of a URL; the rest is what has to
 * be encoded there.
 */
const planted = (place: string): string => `planted${place}Xq7/+:@%&=`;

export const PLANTED = {
  redisPassword: planted('RedisPassword'),
  redisUserPassword: planted('RedisUserPassword'),
  sentinelPassword: planted('SentinelPassword'),
  syncHeader: planted('SyncHeader'),
  newSyncHeader: planted('NewSyncHeader'),
  syncQuery: planted('SyncQuery'),
  announceHeader: planted('AnnounceHeader'),
  announceQuery: planted('AnnounceQuery'),
  signing: planted('Signing'),
  sourceUser: planted('SourceUser'),
  sourcePassword: planted('SourcePassword'),
  sourceQuery: planted('SourceQuery'),
  hookPassword: planted('HookPassword'),
  hookPath: planted('HookPath'),
  hookHeader: planted('HookHeader'),
  hookTemplate: planted('HookTemplate'),
  pingPath: planted('PingPath'),
  wrong: planted('Wrong'),
} as const;

/** What of the secret has to be found for it to be known. */
const core = (secret: string): string => secret.slice(0, secret.indexOf('/'));

const TLS_KEY = pem('client.key')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('-----'));

const WANTED: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(Object.entries(PLANTED).map(([name, secret]) => [name, forms(core(secret))])),
  tlsKey: TLS_KEY.flatMap(forms),
};

/** As it is (and so in a URL, since nothing of it needs encoding), in base64 wherever in a text it stood, and in hex. */
function forms(text: string): readonly string[] {
  const base64 = [0, 1, 2].map((before) => {
    const encoded = Buffer.from('\0'.repeat(before) + text).toString('base64');
    // Without the characters at both ends that hold bits of the neighbours as well.
    return encoded.slice(Math.ceil((before * 4) / 3), Math.floor(((before + text.length) * 4) / 3));
  });
  return [text, ...base64, ...base64.map(urlSafe), Buffer.from(text).toString('hex')];
}

function urlSafe(base64: string): string {
  return base64.replaceAll('+', '-').replaceAll('/', '_');
}

/** The places whose secret stands in the text, in whatever form. */
export function secretsIn(text: string): readonly string[] {
  return Object.keys(WANTED).filter((name) => WANTED[name]?.some((form) => text.includes(form)));
}
