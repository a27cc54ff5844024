import { z } from 'zod';
import { NOTIFY_EVENTS } from '../domain/notify/message.js';
import { templateFault } from '../domain/notify/placeholders.js';
import { ntfyTarget, TEMPLATES } from '../domain/notify/template.js';
import { duration } from './duration.js';
import { choice, fault, group, headers, httpUrl, listOf, text } from './values.js';

const NAMED = `one of ${TEMPLATES.join(', ')}, or a JSON text with placeholders`;
const JSON_TEXT = /^\s*[[{]/;

const template = z
  .union([choice(...TEMPLATES), text(NAMED, JSON_TEXT)], { error: `expected ${NAMED}` })
  .check(({ value, issues }) => {
    const found = JSON_TEXT.test(value) ? templateFault(value) : undefined;
    if (found !== undefined) issues.push(fault(`expected ${found}`));
  });

const webhook = group(
  {
    webhook: httpUrl.describe('Where messages are posted; a secret.'),
    events: listOf(`a list of ${NOTIFY_EVENTS.join(', ')}`, choice(...NOTIFY_EVENTS)).describe(
      'The events that are sent there.',
    ),
    template: template
      .default('json')
      .describe('In which format: that of a receiver, or a JSON text with placeholders.'),
    headers: headers.default({}).describe('Headers sent along, for example a bearer token.'),
    peerDownAfter: duration(1_000).prefault('5m').describe('How long a peer is unavailable before a message is sent.'),
  },
  function* ({ webhook: url, template: format }) {
    if (format !== 'ntfy' || url === undefined || ntfyTarget(url) !== undefined) return;
    yield ['webhook', 'expected the URL of a topic, such as https://ntfy.sh/TOPIC'];
  },
);

const ping = group({ ping: httpUrl.describe('What is asked, by GET, after good rounds; a secret.') });

/** The receivers of notifications, and the dead man's switches. */
export const notify = z.array(
  z.union([webhook, ping], {
    error: 'expected {webhook: URL, events: […]}, with template, headers and peerDownAfter if need be, or {ping: URL}',
  }),
  { error: 'expected a list of {webhook: …, events: […]} and {ping: …}' },
);
