import { merge } from 'rxjs';
import { systemdNotify, watchdogMs } from '../clients/systemdNotify.js';
import { ServiceManager } from '../service/serviceManager.js';
import type { Parts } from './deps.js';

/** Reports the state of the process to the service manager that started it, if there is one. */
export function withServiceManager(
  parts: Parts,
  env: NodeJS.ProcessEnv,
): { readonly parts: Parts; readonly reloading: <T>(read: () => Promise<T>) => Promise<T> } {
  const notify = systemdNotify(env);
  if (notify === undefined) return { parts, reloading: (read) => read() };
  const { wall, steady } = parts.clock;
  const manager = new ServiceManager({
    notify,
    watchdogMs: watchdogMs(env, process.pid),
    wall,
    steady,
    monotonicUs: () => process.hrtime.bigint() / 1_000n,
  });
  return {
    parts: {
      ...parts,
      sinks: [...parts.sinks, manager],
      reports: (config$) => merge(parts.reports(config$), manager.run()),
    },
    reloading: (read) => manager.reloading(read),
  };
}
