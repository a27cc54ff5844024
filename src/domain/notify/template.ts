import type { Message, Origin } from './message.js';
import { fillIn, type Values } from './placeholders.js';

/** The receivers with a built-in format. */
export const TEMPLATES = ['json', 'ntfy', 'gotify', 'slack', 'mattermost', 'discord'] as const;

type Template = (typeof TEMPLATES)[number];

/** The body to post, and its URL. */
export interface Payload {
  readonly url: string;
  readonly body: string;
}

const NTFY_TAGS = { bad: 'rotating_light', good: 'white_check_mark', notice: 'information_source' } as const;
/** Of five levels. A phone rings from 4 on. */
const NTFY_PRIORITIES = { bad: 4, good: 3, notice: 3 } as const;
/** Of ten levels. A phone rings from 8 on. */
const GOTIFY_PRIORITIES = { bad: 8, good: 4, notice: 4 } as const;
/** Discord refuses a longer text. */
const DISCORD_LENGTH = 2_000;

/** A message in the format of a receiver: a built-in one, or a JSON template with placeholders. */
export function payloadOf(template: string, url: string, message: Message, origin: Origin): Payload {
  const values = valuesOf(message, origin);
  if (!isNamed(template)) return { url, body: fillIn(template, values) };
  const { title, text } = values;
  const { level } = message;
  switch (template) {
    case 'json':
      return { url, body: JSON.stringify({ ...values, since: values.since === '' ? null : values.since }) };
    case 'ntfy': {
      const { root, topic } = ntfyTarget(url) ?? { root: url, topic: '' };
      const [priority, tags] = [NTFY_PRIORITIES[level], [NTFY_TAGS[level]]];
      return { url: root, body: JSON.stringify({ topic, title, message: text, priority, tags }) };
    }
    case 'gotify':
      return { url, body: JSON.stringify({ title, message: text, priority: GOTIFY_PRIORITIES[level] }) };
    case 'slack':
      return { url, body: JSON.stringify({ text: `*${forSlack(title)}*\n${forSlack(text)}` }) };
    case 'mattermost':
      return { url, body: JSON.stringify({ text: `**${withoutMentions(title)}**\n${withoutMentions(text)}` }) };
    case 'discord': {
      const content = `**${title}**\n${text}`.slice(0, DISCORD_LENGTH);
      return { url, body: JSON.stringify({ content, allowed_mentions: { parse: [] } }) };
    }
  }
}

export function isNamed(template: string): template is Template {
  return (TEMPLATES as readonly string[]).includes(template);
}

/** A message to an ntfy topic is posted as JSON to the root of the server. Undefined if the URL has no topic. */
export function ntfyTarget(url: string): { readonly root: string; readonly topic: string } | undefined {
  const place = new URL(url);
  const [, path = '', topic = ''] = /^(.*\/)([^/]+)\/?$/.exec(place.pathname) ?? [];
  if (topic === '') return undefined;
  place.pathname = path;
  return { root: place.href, topic };
}

function valuesOf({ event, phase, level, at, since, title, text }: Message, { node, host }: Origin): Values {
  return {
    event,
    phase,
    level,
    at: new Date(at).toISOString(),
    since: since === undefined ? '' : new Date(since).toISOString(),
    title: `consumer-scheduler on ${host}: ${title}`,
    text,
    node,
    host,
  };
}

/** Slack uses these three characters for markup, and a text could mention all members of a channel with it. */
function forSlack(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** A zero-width space after the @ prevents mentions. */
function withoutMentions(text: string): string {
  return text.replaceAll('@', '@\u200b');
}
