import type { JSX } from 'preact';
import { escaped } from '../domain/text/printable.js';
import type { Status } from '../status/schema.js';
import { urlOf } from './base.js';
import { ago, held } from './words.js';

/** Which process this is, and where programs find the same. */
export function Footer({ status }: { status: Status }): JSX.Element {
  const { config, redis, replicas } = status;
  return (
    <footer>
      <span>
        consumer-scheduler {status.version} on {escaped(status.host)}, pid {status.pid}, Node {status.node}
      </span>
      <span>
        {replicas.role}, up for {held(status.started_at)}
      </span>
      <span>config read {ago(config.loaded_at)}</span>
      <span>
        {redis.up ? `Redis ${redis.latency_ms === null ? 'ok' : `${redis.latency_ms.toFixed(1)} ms`}` : 'Redis away'}
      </span>
      <nav aria-label="For programs">
        <a href={urlOf('api/status')}>JSON</a> <a href={urlOf('metrics')}>metrics</a>{' '}
        <a href={urlOf('api/openapi.json')}>OpenAPI</a>
      </nav>
    </footer>
  );
}
