/** Which code is changed, and which specs have to notice: the quick ones, which start no process but redis-server. */
const PARTS = '{domain,state,streams,outbox,leader,sinks}';

export default {
  mutate: [`src/${PARTS}/**/*.ts`],
  // What is left of .build/ are the built specs, by which Stryker sees what has changed in them since the last run.
  ignorePatterns: ['/.build/mutants', '/.build/node', '/bench', '/coverage', '/deploy', '/dist'],
  buildCommand: 'tsc -p . --noCheck',
  testRunner: 'mocha',
  mochaOptions: { 'no-config': true, spec: [`.build/spec/${PARTS}/**/*.spec.js`] },
  coverageAnalysis: 'perTest',
  concurrency: 2,
  // Each mutant of what a module sets up when it is loaded takes a run of every spec; its tables are worth that.
  warnings: { slow: false },
  incremental: true,
  incrementalFile: '.build/mutants/incremental.json',
  tempDirName: '.build/mutants/sandbox',
  reporters: ['progress', 'json', 'html'],
  jsonReporter: { fileName: '.build/mutants/report.json' },
  htmlReporter: { fileName: '.build/mutants/report.html' },
  thresholds: { high: 95, low: 85, break: 85 },
};
