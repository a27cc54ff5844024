/** Command lines of the documentation that no spec of the documentation runs, each with the reason. */
export const NOT_RUN: readonly { readonly line: RegExp; readonly why: string }[] = [
  { line: /^npm run demo\b/, why: 'spec/swarm/demo.int.spec.ts and demoReplicas.int.spec.ts play it' },
  { line: /^npm test\b/, why: 'it runs this spec' },
  { line: /^npm run (test:faults|soak)\b/, why: 'takes minutes to hours; npm test runs the short form of both' },
  { line: /^npm install --global \S+\.tgz$/, why: 'spec/process/package.int.spec.ts packs and installs it' },
  {
    line: /^npm run deb\b/,
    why: 'needs the tools of Debian and the npm registry; npm run deb:check checks the package',
  },
  { line: /^sudo(edit)? /, why: 'changes the host: spec/process/unit.spec.ts holds the unit against these words' },
  { line: /^journalctl /, why: 'needs a host with systemd' },
  { line: /^redis-cli /, why: 'not every host with redis-server has it' },
  { line: /^docker /, why: 'needs an engine for containers; spec/deploy checks the files' },
  { line: /^LOCAL_UUID=\S+ STATUS_TOKEN=.* docker compose/, why: 'the same' },
];
