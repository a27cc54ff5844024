import { z } from 'zod';
import {
  eventSchema,
  peerDetailSchema,
  peersQuery,
  peersSchema,
  problem,
  seriesQuery,
  seriesSchema,
  statusSchema,
} from './schema.js';

/** The OpenAPI document, made from the schemas that validate what is asked and describe what is answered. */
export function openApi(version: string): object {
  const json = (schema: z.ZodType) => ({ 'application/json': { schema: plain(schema) } });
  const get = (summary: string, content: object, more: object = {}) => ({
    get: { summary, responses: { 200: { description: 'Found', content }, ...REFUSALS }, ...more },
  });
  const text = (type: string) => ({ [type]: { schema: { type: 'string' } } });
  const probe = (summary: string) => ({
    get: {
      summary,
      security: [],
      responses: { 200: { description: 'Yes' }, 503: { description: 'No, with the reasons' } },
    },
  });
  return {
    openapi: '3.1.0',
    info: { title: 'consumer-scheduler status', version },
    paths: {
      '/healthz': probe('Whether the process lives and its ticks tick'),
      '/readyz': probe('Whether Redis is there, the first round has ended and we are not isolated'),
      '/metrics': get('Metrics in the text format of Prometheus', text('text/plain')),
      '/api/status': get('The state of this node', json(statusSchema)),
      '/api/peers': get('The peers of the registry, in pages', json(peersSchema), { parameters: inQuery(peersQuery) }),
      '/api/peers/{kind}/{uuid}': get('One peer with its history', json(peerDetailSchema), {
        parameters: [
          { name: 'kind', in: 'path', required: true, schema: { enum: ['consumer', 'producer'] } },
          { name: 'uuid', in: 'path', required: true, schema: { type: 'string' } },
        ],
      }),
      '/api/series': get('What this node was like, minute by minute', json(seriesSchema), {
        parameters: inQuery(seriesQuery),
      }),
      '/api/events': get('Server-sent events: the journal as it happens', text('text/event-stream'), {
        parameters: [
          {
            name: 'Last-Event-ID',
            in: 'header',
            schema: { type: 'string' },
            description: 'Id of the last event that was read; the first 50 come without it',
          },
        ],
        description: `Events named \`entry\` have this as their data: ${JSON.stringify(plain(eventSchema))}. Events named \`status\` have what /api/status answers.`,
      }),
      '/': get('The page for people; in plain text for who does not ask for HTML', {
        ...text('text/html'),
        ...text('text/plain'),
      }),
    },
    components: {
      schemas: { Problem: plain(problem) },
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        basic: { type: 'http', scheme: 'basic' },
      },
    },
    security: [{}, { bearer: [] }, { basic: [] }],
  };
}

const REFUSALS = {
  400: { description: 'The query is not valid; `error` says what was expected' },
  401: { description: 'The token is missing or wrong' },
  421: { description: 'Asked under a name that is not in status.allowedHosts' },
};

/** What is shared is written out where it is used: a schema within a document of its own has no common place. */
function plain(schema: z.ZodType): object {
  const whole = z.toJSONSchema(schema, { reused: 'inline', io: 'output', cycles: 'throw' });
  return Object.fromEntries(Object.entries(whole).filter(([name]) => name !== '$schema'));
}

function inQuery(schema: z.ZodType): object[] {
  const { properties = {} } = z.toJSONSchema(schema, { reused: 'inline', io: 'input', unrepresentable: 'any' });
  return Object.entries(properties).map(([name, one]) => ({ name, in: 'query', required: false, schema: one }));
}
