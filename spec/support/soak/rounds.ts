import type { Scheduler } from '#swarm/scheduler.js';

/** What became of the ticks of the rounds so far, by the log. */
export interface Rounds {
  completed: number;
  skipped: number;
  aborted: number;
}

/** Counts along with the log; each line is looked at once, since a long run has many. */
export function countRounds(scheduler: Scheduler): () => Readonly<Rounds> {
  const rounds: Rounds = { completed: 0, skipped: 0, aborted: 0 };
  let seen = 0;
  return () => {
    for (; seen < scheduler.lines.length; seen += 1) {
      const line = scheduler.lines[seen];
      if (line?.event === 'round.skipped') rounds.skipped += 1;
      // Those of the pending lane begin when peers are found, not with a tick.
      if (line?.event === 'round.finished' && line.message.startsWith('round '))
        rounds[line.message.includes('cut short') ? 'aborted' : 'completed'] += 1;
    }
    return rounds;
  };
}
