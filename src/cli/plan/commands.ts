import type { Command } from 'commander';
import { examples, type CommandContext } from '../define.js';
import type { PlanFlags } from './workload.js';

/** The command `plan`, which needs neither Redis nor a scheduler. */
export function definePlan(root: Command, { options }: CommandContext): void {
  const plan = root
    .command('plan')
    .description('what a node of some size costs, by measured figures, and what to set for it')
    .requiredOption('--peers <n>', 'how many consumers')
    .option('--producers <n>', 'how many producers', '10')
    .option('--interval <duration>', 'instead of sync.interval of the configuration, or 60s')
    .option('--timeout <duration>', 'instead of sync.timeout of the configuration, or 5s')
    .option('--silent <share>', 'how many of the peers never answer', '5%')
    .option('--latency <duration>', 'how long the others take to answer', '100ms')
    .option('--json', 'as JSON')
    .action(async ({ json = false, ...flags }: PlanFlags & { readonly json?: boolean }) => {
      const { printPlan } = await import('./plan.js');
      await printPlan(options(), flags, json);
    });
  examples(plan, 'plan --peers 5000 --interval 60s', 'plan --peers 200000 --silent 20% --json');
}
