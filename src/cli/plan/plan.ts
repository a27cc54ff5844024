import type { LoadOptions } from '../../config/load.js';
import { print } from '../print.js';
import { outputStyle } from '../style.js';
import { adviceOf } from './advice.js';
import { planOf } from './calculate.js';
import { situationOf, type PlanWords } from './situation.js';
import { planTables } from './tables.js';

/** Prints the cost of a node of this size. Rejects with a `UsageError` if an option is invalid. */
export async function printPlan(options: LoadOptions, words: PlanWords, json: boolean): Promise<void> {
  const situation = await situationOf(options, words);
  const plan = planOf(situation);
  const advice = adviceOf(situation, plan);
  if (json) await print(`${JSON.stringify({ ...plan, advice })}\n`);
  else await print(`${planTables(situation, plan, advice, outputStyle())}\n`);
}
