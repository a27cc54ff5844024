/** What the composition and the commands are made of. */
const below = [
  'domain',
  'state',
  'events',
  'config',
  'clients',
  'streams',
  'outbox',
  'leader',
  'replicas',
  'sinks',
  'sources',
  'status',
  'notify',
  'service',
  'version',
];

/** What each part of `src` may import of the project besides itself; a part that is not named here may not exist. */
const allowed = {
  domain: [],
  version: [],
  // What an API uses: the daemon is not loaded with it.
  wire: ['domain'],
  registry: ['domain', 'clients/replies'],
  events: ['domain'],
  config: ['domain'],
  clients: ['domain', 'events'],
  state: ['domain'],
  streams: ['domain', 'state', 'events'],
  outbox: ['domain', 'state', 'events', 'clients'],
  leader: ['domain', 'state', 'clients'],
  replicas: ['domain', 'state', 'clients', 'leader'],
  sinks: ['domain', 'state', 'events', 'clients'],
  sources: ['domain', 'events', 'clients', 'config'],
  status: ['domain', 'state', 'events', 'config', 'clients', 'replicas', 'sinks', 'version'],
  notify: ['domain', 'state', 'events', 'config', 'clients', 'streams', 'sinks'],
  service: ['domain', 'state', 'events', 'clients', 'streams', 'sinks', 'sources'],
  app: below,
  cli: [...below, 'app'],
  main: ['cli'],
};

const parts = (names) => `^src/(${names.join('|')})(/|\\.ts$)`;
const never = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

module.exports = {
  forbidden: [
    ...Object.entries(allowed).map(([part, others]) =>
      never(
        `layers-${part}`,
        `src/${part} imports of the project only ${['itself', ...others].join(', ')}.`,
        { path: parts([part]) },
        { path: '^src/', pathNot: parts([part, ...others]) },
      ),
    ),
    never(
      'layers-page',
      'The page runs in the browser: of the project it imports rules, and the types of what the server answers.',
      { path: '^src/page/' },
      { path: '^src/', pathNot: ['^src/(page|domain)/', '^src/status/schema\\.ts$'] },
    ),
    never(
      'page-types',
      'What validates answers is no part of the page.',
      { path: '^src/page/' },
      { path: '^src/status/', dependencyTypesNot: ['type-only'] },
    ),
    never(
      'page-alone',
      'What runs in the browser runs nowhere else.',
      { path: '^src/(?!page/)' },
      { path: '^src/page/' },
    ),
    never(
      'no-circular',
      'A module that needs itself, be it for a type, has no place of its own.',
      {},
      { circular: true },
    ),
    never(
      'no-orphans',
      'Every module is of use to the program, but for what is there for an API.',
      { path: '^src/main\\.ts$' },
      { path: '^src/', pathNot: '^src/(page/|wire\\.ts$|registry(/|\\.ts$))', reachable: false },
    ),
    never(
      'no-orphans-of-the-registry',
      'Every module of the registry for an API is of use to it.',
      { path: '^src/registry\\.ts$' },
      { path: '^src/registry/', reachable: false },
    ),
    never(
      'no-orphans-of-the-page',
      'Every module of the page is of use to it.',
      { path: '^src/page/main\\.tsx$' },
      { path: '^src/page/', reachable: false },
    ),
    never(
      'streams-without-packages',
      'Streams get effects and clocks as parameters.',
      { path: '^src/streams/' },
      { path: '^node_modules/(?!rxjs/)' },
    ),
    never(
      'streams-without-node',
      'Streams get effects and clocks as parameters.',
      { path: '^src/streams/' },
      { dependencyTypes: ['core'] },
    ),
    never(
      'domain-without-packages',
      'The rules are plain functions: no stream, no client, no configuration.',
      { path: '^src/domain/' },
      { path: '^node_modules/(?!ipaddr\\.js/)' },
    ),
    never(
      'domain-without-effects',
      'Of Node the rules use only what computes.',
      { path: '^src/domain/' },
      { dependencyTypes: ['core'], pathNot: '^(net|crypto)$' },
    ),
    never(
      'product-alone',
      'What ships needs neither specs nor swarm nor what was built from them.',
      { path: '^src/' },
      { path: '^(spec|swarm|scripts|dist|\\.build)/' },
    ),
    never(
      'no-dev-dependencies',
      'What ships runs without development packages.',
      { path: '^src/' },
      { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    ),
    never('no-unknown', 'An import that leads nowhere breaks no other rule.', {}, { couldNotResolve: true }),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { conditionNames: ['import', 'node', 'types', 'default'], exportsFields: ['exports'] },
  },
};
