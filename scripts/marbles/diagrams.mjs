/**
 * Which diagrams of the specs are drawn, and what stands beside their lines and marbles. `lines` names the variables of
 * the spec, and `result` what it expects; what is not named is not drawn.
 */
export const diagrams = [
  {
    image: 'pull',
    spec: 'streams/operators/pull',
    title: 'pull works on as many items as there are workers, and asks for the next when one is done',
    lines: { a$: 'call of peer a', b$: 'call of peer b', c$: 'call of peer c', result: 'answers' },
    marbles: {},
  },
  {
    image: 'deadline',
    spec: 'streams/operators/withDeadline',
    title: 'withDeadline ends a call that is never answered at the deadline',
    lines: { reply$: 'a call', result: 'result' },
    marbles: { t: 'timeout' },
  },
  {
    image: 'rounds',
    spec: 'streams/sync/rounds',
    title: 'rounds runs one round a tick; a tick that comes during a round is skipped, and said to be',
    lines: { tick$: 'ticks', work$: 'work of a round', result: 'events' },
    marbles: {
      x: 'tick',
      t: 'a peer was checked',
      a: 'round 1 begins',
      b: 'a tick is skipped',
      e: 'round 1 ends',
      c: 'round 2 begins',
      f: 'round 2 ends',
    },
  },
  {
    image: 'witness',
    spec: 'streams/sync/decide',
    title: 'decide the first answer of a witness makes the failure count, while the others are still asked',
    lines: { p$: 'witness p', q$: 'witness q', r$: 'witness r', result: 'events' },
    marbles: {
      g: 'answer',
      q: 'q has answered',
      f: 'the failure counts',
      p: 'p has answered',
      r: 'r is silent, not counted',
    },
  },
  {
    image: 'isolated',
    spec: 'streams/sync/decide',
    title: 'decide where all witnesses stay silent the failure does not count, and the scope is isolated',
    lines: { r$: 'witnesses', result: 'events' },
    marbles: {
      p: 'p is silent',
      q: 'q is silent',
      r: 'r is silent',
      f: 'the failure does not count',
      i: 'isolated',
    },
  },
  {
    image: 'known-ip',
    spec: 'streams/ip/knownIp',
    title: 'knownIp with distinctUntilChanged gives each change once, whoever bears it out later',
    lines: { event$: 'polls of the IP', result: 'changes' },
    marbles: {
      p: 'a source was asked',
      a: '1.1.1.1 by dns',
      o: '1.1.1.1 by https',
      b: '8.8.8.8',
      u: 'unknown',
      A: '1.1.1.1',
      B: '8.8.8.8',
      O: '1.1.1.1 again',
    },
  },
  {
    image: 'flapping',
    spec: 'streams/ip/dampFlaps',
    title: 'dampFlaps lets five changes through at once; a sixth waits until it has stood for five minutes',
    lines: { ip$: 'the IP as found', result: 'the IP as announced' },
    marbles: { a: 'the first IP', 'b–g': 'six changes', h: 'g is held' },
  },
  {
    image: 'acknowledged',
    spec: 'streams/ip/deliver',
    title: 'deliver a 2xx is acknowledged',
    lines: { reply$: 'POST /ip', ack$: 'taken off the list in Redis', result: 'events' },
    marbles: { g: '204', p: 'done', w: 'Redis works', a: 'acknowledged' },
  },
];
