const layers = ['sources', 'streams', 'sinks'];
const never = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

module.exports = {
  forbidden: [
    never('no-circular', 'A module that needs itself has no place of its own.', {}, { circular: true }),
    never('no-orphans', 'A module that nobody uses.', { orphan: true, path: '^src/', pathNot: '^src/main\\.ts$' }, {}),
    ...layers.map((layer) =>
      never(
        `${layer}-stand-alone`,
        'Sources, streams and sinks never import each other; only the composition root knows all three.',
        { path: `^src/${layer}/` },
        { path: `^src/(${layers.filter((other) => other !== layer).join('|')}|app|cli)/` },
      ),
    ),
    never(
      'domain-is-pure',
      'The rules know nothing of streams, clients or configuration.',
      { path: '^src/domain/' },
      { path: ['^src/(?!domain/)', '^node_modules/(rxjs|ioredis|node-fetch|public-ip|winston)/'] },
    ),
    never(
      'streams-have-no-effects',
      'Streams get effects and clocks as parameters.',
      { path: '^src/streams/' },
      { path: ['^src/(clients|config)/', '^node_modules/(?!rxjs/)'], dependencyTypesNot: ['type-only'] },
    ),
    never(
      'streams-have-no-node',
      'Streams get effects as parameters.',
      { path: '^src/streams/' },
      { dependencyTypes: ['core'] },
    ),
    never(
      'no-way-back',
      'The clients and the configuration are used, they use nobody.',
      { path: '^src/(clients|config)/' },
      {
        path: '^src/(sources|streams|sinks|app|cli)/',
      },
    ),
    never(
      'app-is-not-a-command',
      'The composition root does not know how it was started.',
      { path: '^src/app/' },
      { path: '^src/cli/' },
    ),
    never('product-alone', 'What ships needs neither specs nor swarm.', { path: '^src/' }, { path: '^(spec|swarm)/' }),
    never(
      'no-dev-dependencies',
      'What ships runs without development packages.',
      { path: '^src/' },
      {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'],
        dependencyTypesNot: ['type-only'],
      },
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { conditionNames: ['import', 'node', 'types', 'default'], exportsFields: ['exports'] },
  },
};
