import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { gzipSync } from 'node:zlib';

/** A file of the page. */
export interface Asset {
  /** The path below the base path, without a leading slash. */
  readonly path: string;
  readonly type: string;
  readonly body: Buffer;
  readonly gzip: Buffer;
  readonly etag: string;
}

const DIST = new URL('../', import.meta.url);
const JS = 'text/javascript; charset=utf-8';
const CSS = 'text/css; charset=utf-8';
const ENTRY = 'assets/page/main.js';
const STYLES = ['assets/vendor/uPlot.css', 'assets/page/page.css'];

/** The packages that run in the browser, by the names in the imports of the page. */
const PACKAGES: Readonly<Record<string, string>> = {
  preact: 'preact',
  'preact/hooks': 'preact-hooks',
  'preact/jsx-runtime': 'preact-jsx',
  '@preact/signals': 'signals',
  '@preact/signals-core': 'signals-core',
};

/** Modules of the program that the page also uses. */
const SHARED = ['domain/text/ago.js', 'domain/text/figures.js', 'domain/text/lamps.js', 'domain/text/printable.js'];

/** Files that are loaded only when a chart is drawn. */
const LATER = ['assets/page/draw.js', 'assets/vendor/uPlot.js'];

let kept: ReadonlyMap<string, Asset> | undefined;

/** All files of the page by path, read and compressed once. Throws if the page was not built. */
export function assets(): ReadonlyMap<string, Asset> {
  kept ??= new Map([...own(), ...packages()].map((asset) => [asset.path, asset]));
  return kept;
}

/** Maps the package names in the imports of the page to files. */
export function importMap(base: string): string {
  const places: [string, string][] = Object.entries(PACKAGES).map(([name, file]) => [
    name,
    `${base}assets/vendor/${file}.js`,
  ]);
  return JSON.stringify({ imports: { ...Object.fromEntries(places), uplot: `${base}assets/vendor/uPlot.js` } });
}

/**
 * The content security policy of the page: nothing from other origins, and no scripts except its own files and the
 * import map.
 */
export function pagePolicy(base: string): string {
  const hash = createHash('sha256').update(importMap(base)).digest('base64');
  return [
    "default-src 'none'",
    `script-src 'self' 'sha256-${hash}'`,
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/** The HTML document. `base` begins and ends with a slash, `snapshot` is HTML, `title` is text. */
export function pageHtml({ base, title, snapshot }: { base: string; title: string; snapshot: string }): string {
  const root = attribute(base);
  const modules = [...assets().keys()].filter((path) => path.endsWith('.js') && !LATER.includes(path));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${attribute(title)}</title>
<link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'/%3E">
${STYLES.map((path) => `<link rel="stylesheet" href="${root}${path}">`).join('\n')}
<script type="importmap">${importMap(base)}</script>
${modules.map((path) => `<link rel="modulepreload" href="${root}${path}">`).join('\n')}
<script type="module" src="${root}${ENTRY}"></script>
</head>
<body>
<div id="banner"></div>
<main id="app">
${snapshot}
</main>
</body>
</html>
`;
}

function own(): readonly Asset[] {
  const page = readdirSync(new URL('page/', DIST))
    .filter((name) => /\.(js|css)$/.test(name))
    .map((name) => `page/${name}`);
  return [...page, ...SHARED].map((name) => {
    const text = readFileSync(new URL(name, DIST), 'utf8');
    return asset(`assets/${name}`, name.endsWith('.css') ? CSS : JS, text);
  });
}

function packages(): readonly Asset[] {
  const modules = Object.entries(PACKAGES).map(([name, file]) =>
    asset(`assets/vendor/${file}.js`, JS, readFileSync(new URL(import.meta.resolve(name)), 'utf8')),
  );
  // uPlot ships its small build only as a script, so one added line makes it a module.
  const uPlot = new URL('./', import.meta.resolve('uplot'));
  const script = readFileSync(new URL('uPlot.iife.min.js', uPlot), 'utf8');
  return [
    ...modules,
    asset('assets/vendor/uPlot.js', JS, `${script}\nexport default uPlot;\n`),
    asset('assets/vendor/uPlot.css', CSS, readFileSync(new URL('uPlot.min.css', uPlot), 'utf8')),
  ];
}

function asset(path: string, type: string, text: string): Asset {
  // Source maps are not served.
  const body = Buffer.from(text.replace(/^\/\/# sourceMappingURL=.*$/gm, ''));
  const etag = `"${basename(path)}-${createHash('sha256').update(body).digest('base64url').slice(0, 16)}"`;
  return { path, type, body, gzip: gzipSync(body, { level: 9 }), etag };
}

function attribute(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
