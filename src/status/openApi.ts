import { z } from 'zod';
import {
  errorSchema,
  eventSchema,
  peerDetailSchema,
  peersQuery,
  peersSchema,
  probeSchema,
  seriesQuery,
  seriesSchema,
  statusSchema,
} from './schema.js';

const SCHEMAS = '#/components/schemas/';

/** The OpenAPI document, generated from the schemas that validate requests and describe answers. */
export function openApi(version: string): object {
  const parameters = [
    { name: 'kind', in: 'path', required: true, schema: { type: 'string', enum: ['consumer', 'producer'] } },
    { name: 'uuid', in: 'path', required: true, schema: { type: 'string' } },
  ];
  return {
    openapi: '3.1.0',
    info: { title: 'consumer-scheduler status', version },
    paths: {
      '/healthz': probe('Whether the process lives and its ticks tick'),
      '/readyz': probe('Whether Redis is there, the first round has ended and we are not isolated'),
      '/metrics': get('Metrics in the text format of Prometheus', text('text/plain')),
      '/api/status': get('The state of this node', json(statusSchema)),
      '/api/peers': get('The peers of the registry, in pages', json(peersSchema), { parameters: inQuery(peersQuery) }),
      '/api/peers/{kind}/{uuid}': get('One peer with its history', json(peerDetailSchema), { parameters }, NOT_FOUND),
      '/api/series': get('What this node was like, minute by minute', json(seriesSchema), {
        parameters: inQuery(seriesQuery),
      }),
      '/api/events': get('Server-sent events: the journal as it happens', text('text/event-stream'), EVENTS, FULL),
      '/api/openapi.json': get('This document', { 'application/json': { schema: { type: 'object' } } }),
      '/': get('The page for people; in plain text for clients that do not ask for HTML', {
        ...text('text/html'),
        ...text('text/plain'),
      }),
    },
    components: {
      schemas: named(),
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer' },
        basic: { type: 'http', scheme: 'basic' },
      },
    },
    security: [{}, { bearer: [] }, { basic: [] }],
  };
}

const WRONG = { content: json(errorSchema) };
const PLAIN = { content: text('text/plain') };
const REFUSALS = {
  400: { description: 'The query is not valid; `error` says what was expected', ...WRONG },
  401: { description: 'The token is missing or wrong', ...PLAIN },
  421: { description: 'Asked under a name that is not in status.allowedHosts', ...PLAIN },
};
const NOT_FOUND = { 404: { description: 'Nobody of that kind and UUID is registered', ...WRONG } };
const FULL = { 503: { description: 'Too many readers', ...WRONG } };
const EVENTS = {
  parameters: [
    {
      name: 'Last-Event-ID',
      in: 'header',
      schema: { type: 'string' },
      description: 'Id of the last event that was read: those after it come; without it, the last 50',
    },
  ],
  description: `Events named \`entry\` have ${idOf(eventSchema)} as their data, those named \`status\` what /api/status answers.`,
};

function get(summary: string, content: object, more: object = {}, answers: object = {}): object {
  return {
    get: { summary, responses: { 200: { description: 'Found', content }, ...REFUSALS, ...answers }, ...more },
  };
}

function probe(summary: string): object {
  const content = json(probeSchema);
  const [yes, no] = [
    { description: 'Yes', content },
    { description: 'No, with the reasons', content },
  ];
  return { get: { summary, security: [], responses: { 200: yes, 503: no } } };
}

function json(schema: z.ZodType): object {
  return { 'application/json': { schema: { $ref: `${SCHEMAS}${idOf(schema)}` } } };
}

function text(type: string): object {
  return { [type]: { schema: { type: 'string' } } };
}

function idOf(schema: z.ZodType): string {
  return schema.meta()?.id ?? '';
}

/** All named schemas, by name. */
function named(): object {
  const { schemas } = z.toJSONSchema(z.globalRegistry, { uri: (id) => `${SCHEMAS}${id}`, io: 'output' });
  // The document itself declares the dialect and the position of each schema.
  const own = (schema: object): object =>
    Object.fromEntries(Object.entries(schema).filter(([key]) => key !== '$schema' && key !== '$id'));
  return Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, own(schema)]));
}

function inQuery(schema: z.ZodType): object[] {
  const { properties = {} } = z.toJSONSchema(schema, {
    reused: 'inline',
    io: 'input',
    unrepresentable: 'any',
    // zod leaves out the default of a number that is parsed from text.
    override: ({ zodSchema: { _zod }, jsonSchema }) => {
      if (_zod.def.type === 'default') jsonSchema.default = _zod.def.defaultValue;
    },
  });
  return Object.entries(properties).map(([name, one]) => ({ name, in: 'query', required: false, schema: one }));
}
