import type { LoadOptions } from '../../config/load.js';
import { print } from '../print.js';
import { outputStyle } from '../style.js';
import { adviceOf } from './advice.js';
import { planOf } from './calculate.js';
import { workloadOf, type PlanFlags } from './workload.js';
import { planTables } from './tables.js';

/** Prints the cost of a node of this size. Rejects with a `UsageError` if an option is invalid. */
export async function printPlan(options: LoadOptions, flags: PlanFlags, json: boolean): Promise<void> {
  const workload = await workloadOf(options, flags);
  const plan = planOf(workload);
  const advice = adviceOf(workload, plan);
  if (json) await print(`${JSON.stringify({ ...plan, advice })}\n`);
  else await print(`${planTables(workload, plan, advice, outputStyle())}\n`);
}
