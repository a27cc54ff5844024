/** The names that a template may use as `{{name}}`. */
export const PLACEHOLDERS = ['event', 'phase', 'level', 'title', 'text', 'at', 'since', 'node', 'host'] as const;

export type Values = Readonly<Record<(typeof PLACEHOLDERS)[number], string>>;

const PLACEHOLDER = /\{\{([^{}]*)\}\}/g;

/**
 * Fills the values into a JSON template. The template is parsed first, values are put into its strings, and the
 * result is serialised again. The result is therefore always valid JSON, and placeholders inside a value are not
 * expanded.
 */
export function fillIn(template: string, values: Values): string {
  return JSON.stringify(filled(JSON.parse(template), values));
}

/** The fault of a template, as a text that follows `expected`; undefined if it is valid. */
export function templateFault(template: string): string | undefined {
  for (const [, name = ''] of template.matchAll(PLACEHOLDER)) {
    if (!isKnown(name.trim())) return `only these placeholders: ${PLACEHOLDERS.map((one) => `{{${one}}}`).join(' ')}`;
  }
  try {
    JSON.parse(template);
    return undefined;
  } catch {
    return 'a JSON text whose placeholders stand inside of its strings';
  }
}

function filled(part: unknown, values: Values): unknown {
  if (typeof part === 'string') {
    return part.replace(PLACEHOLDER, (found, inner: string) => {
      const name = inner.trim();
      return isKnown(name) ? values[name] : found;
    });
  }
  if (Array.isArray(part)) return part.map((one) => filled(one, values));
  if (typeof part !== 'object' || part === null) return part;
  return Object.fromEntries(
    Object.entries(part).map(([key, one]) => [String(filled(key, values)), filled(one, values)]),
  );
}

function isKnown(name: string): name is keyof Values {
  return (PLACEHOLDERS as readonly string[]).includes(name);
}
