import { PLANTED } from './planted.js';

const { syncHeader, redisPassword, sentinelPassword, signing, sourcePassword, syncQuery } = PLANTED;
const redisUrl = `redis://:${encodeURIComponent(redisPassword)}@127.0.0.1/0`;
const sourceUrl = `http://me:${encodeURIComponent(sourcePassword)}@127.0.0.1/`;
const UUID = 'uuid: 2f1c8a5e-8f5b-4a52-9c0e-5d0f8f2b7a11\n';

/** Configurations that are not valid at, or next to, a secret, as a slip of the hand makes them. */
export const BROKEN: readonly string[] = [
  `http: {signing: {secret: "${signing}`,
  `http: {signing: {secret: ${signing}`,
  `http:\n  signing:\n\tsecret: ${signing}`,
  `http:\n  signing:\n    secret: '${signing}' and more`,
  ...['*', '!', '&', '@', '%', '`', '|', '>', '{', '[', '"', '? ', ': ', '!!binary '].map(
    (mark) => `http:\n  signing:\n    secret: ${mark}${signing}\n`,
  ),
  `http:\n  signing:\n    secret: {${signing}: 1}\n`,
  `http: {signing: {secret: [${signing}]}}`,
  `http: {signing: ${signing}}`,
  `http: {signing: {secret: a, secret: ${signing}}}`,
  `redis:\n  url ${redisUrl}\n  keyPrefix: p\n`,
  `redis:\n  url ${redisUrl}\n`,
  `redis: {url: ["${redisUrl}"]}`,
  `redis: {url: "http${redisUrl}"}`,
  `redis: {url: "${redisUrl}/a"}`,
  `redis: {url: "redis://me:${redisPassword}@127.0.0.1/0"}`,
  `redis: {url: "redis://:12?${redisPassword}@127.0.0.1/0"}`,
  `redis: {url: "redis://127.0.0.1/0?password=${redisPassword}"}`,
  `redis: {url: "redis://127.0.0.1/0#${redisPassword}"}`,
  `redis: {url: "${redisUrl}", password: "${redisPassword}"}`,
  `redis: {url: embedded, password: "${redisPassword}"}`,
  `redis: {password: ["${redisPassword}"]}`,
  `redis: {passwort: "${redisPassword}"}`,
  `redis: {username: "${redisPassword}", url: "${redisUrl}"}`,
  `redis: {keyPrefix: "'${redisPassword}'"}`,
  `redis: {sentinel: {name: a, nodes: ["h:1"], password: {"${sentinelPassword}": 1}}}`,
  `redis: {sentinel: {name: a, password: "${sentinelPassword}"}}`,
  `redis: {cluster: ["${redisUrl}", "redis://h/1"]}`,
  `redis: {cluster: "${redisUrl}"}`,
  `redis: {sentinel: {name: a, nodes: ["${redisUrl}"]}}`,
  `sync: {headers: "authorization: Bearer ${syncHeader}"}`,
  `sync:\n  headers:\n    - authorization: Bearer ${syncHeader}\n`,
  `sync:\n  headers:\n    authorization:Bearer ${syncHeader}\n`,
  `sync:\n  headers:\n    authorization: Bearer: ${syncHeader}\n`,
  `sync:\n  headers:\n    authorization: [Bearer, "${syncHeader}"]\n`,
  `sync:\n  headers:\n    authorization: "Bearer ${syncHeader}\\u0007"\n`,
  `sync:\n  headers:\n    "not a name": "${syncHeader}"\n`,
  `sync: {path: "${syncQuery}"}`,
  `sync: {path: "/sync ?token=${syncQuery}"}`,
  `publicIp: {sources: "${sourceUrl}"}`,
  `publicIp: {sources: ["${sourceUrl}"]}`,
  `publicIp: {sources: [{uri: "${sourceUrl}"}]}`,
  `publicIp: {sources: [{url: "ftp${sourceUrl}"}]}`,
  `publicIp: {sources: [{url: "${sourceUrl}"}, {url: "${sourceUrl}"}]}`,
  signing,
].map((text) => (/^\w+:/.test(text) ? `${UUID}${text}` : text));
