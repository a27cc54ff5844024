import { InvalidArgumentError, type Command } from 'commander';
import { defineConformance } from './conformance/commands.js';
import { examples, registryCommand, type CommandContext, type RegistryFlags } from './define.js';
import type { InitFlags } from './init/init.js';
import { definePeers } from './peers/commands.js';
import { definePlan } from './plan/commands.js';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

const DEFAULT_EVENTS = 50;
/** Approximate capacity of the journal. */
const MAX_EVENTS = 10_000;

/**
 * Defines the commands. Each loads its code when it is called, because loading the whole program takes longer than
 * most commands need.
 */
export function defineCommands(root: Command, context: CommandContext): void {
  defineWork(root, context);
  defineInspection(root, context);
  definePeers(root, context);
  defineNotify(root, context);
  definePlan(root, context);
  defineConformance(root, context);
  const completion = root
    .command('completion')
    .description('print what makes a shell complete commands and options')
    .addArgument(root.createArgument('<shell>', 'the shell').choices(SHELLS))
    .action(async (shell: Shell) => {
      const { printCompletion } = await import('./completion/completion.js');
      await printCompletion(root, shell);
    });
  examples(completion, 'completion bash > /etc/bash_completion.d/consumer-scheduler', 'completion fish | source');
}

/** The commands that do the work, and those that check whether it can be done. */
function defineWork(root: Command, { options, signals, end }: CommandContext): void {
  const run = root
    .command('run')
    .description('run until SIGTERM or SIGINT; what is done where no command is given')
    .action(async () => {
      const { runDaemon } = await import('./run.js');
      end(await runDaemon(options(), signals));
    });
  examples(run, 'run --config /etc/consumer-scheduler/config.yaml');
  const init = root
    .command('init')
    .description('write a first configuration; asks on a terminal for what is not given')
    .option('--file <file>', 'where to, instead of where `run` looks first: ./consumer-scheduler.yaml')
    .option('--uuid <uuid>', 'UUID of this node, instead of a fresh one')
    .option('--redis <url>', 'where Redis is, or embedded, instead of the one on this host where there is one')
    .option('--lan', 'peers may be in private networks as well')
    .option('--force', 'overwrite the file')
    .option('-y, --yes', 'ask nothing')
    .action(async (flags: InitFlags) => {
      const { initialise } = await import('./init/init.js');
      await initialise(options(), flags);
    });
  examples(init, 'init', 'init --yes --redis embedded --lan --file node.yaml');
  const sync = root
    .command('sync')
    .description('one round over every consumer, now')
    .action(async () => {
      const { syncOnce } = await import('./sync.js');
      await syncOnce(options());
    });
  examples(sync, 'sync', 'sync --config node.yaml');
  const check = root
    .command('check-config')
    .description('print the effective configuration, or what is wrong with it')
    .action(async () => {
      const { checkConfig } = await import('./checkConfig.js');
      await checkConfig(options());
    });
  examples(check, 'check-config --config node.yaml');
  const doctor = registryCommand(root, 'doctor')
    .description('look at all that a scheduler needs, and say what to do about what is missing')
    .option('--json', 'as JSON')
    .action(async ({ redis, json = false }: RegistryFlags) => {
      const { examine } = await import('./doctor/doctor.js');
      end(await examine({ ...options(), redis }, json));
    });
  examples(doctor, 'doctor', 'doctor --json');
}

/** The commands that show the state of a running scheduler. */
function defineInspection(root: Command, { options, signals, end }: CommandContext): void {
  const status = registryCommand(root, 'status')
    .description("the running scheduler's state, from Redis")
    .option('--watch', 'show it again every 2 s, until Ctrl-C')
    .option('--json', 'as JSON')
    .action(async ({ redis, json = false, watch = false }: RegistryFlags & { readonly watch?: boolean }) => {
      const { showStatus } = await import('./status.js');
      end(await showStatus({ ...options(), redis }, { json, watch }, signals.stop));
    });
  examples(status, 'status --watch', 'status --json --redis redis://127.0.0.1:6379');
  const events = registryCommand(root, 'events')
    .description('what happened, the newest last')
    .option('--follow', 'go on with what happens from now on, until Ctrl-C')
    .option('--limit <n>', 'how many of the past', toLimit, DEFAULT_EVENTS)
    .option('--json', 'as JSON, one event a line')
    .action(async ({ redis, json = false, follow = false, limit }: EventFlags) => {
      const { showEvents } = await import('./events.js');
      await showEvents({ ...options(), redis }, { follow, json, limit }, signals.stop);
    });
  examples(events, 'events --follow', 'events --limit 1000 --json');
  const health = root
    .command('health')
    .description('ask the running scheduler whether it is alive: exit 0 or 1, for containers')
    .option('--url <url>', 'where to ask, instead of the status server of the configuration')
    .action(async ({ url }: { readonly url?: string }) => {
      const { checkHealth } = await import('./health.js');
      await checkHealth(options(), url);
    });
  examples(health, 'health', 'health --url http://127.0.0.1:9464/healthz');
}

/** The commands for notifications. */
function defineNotify(root: Command, { options }: CommandContext): void {
  const notify = root.command('notify').description('the notifications of the configuration');
  const test = notify
    .command('test')
    .description('send a test message to each, and say what each answered: exit 0 or 1')
    .action(async () => {
      const { testNotifications } = await import('./notifyTest.js');
      await testNotifications(options());
    });
  examples(test, 'notify test', 'notify test --config node.yaml');
}

interface EventFlags extends RegistryFlags {
  readonly follow?: boolean;
  readonly limit: number;
}

function toLimit(text: string): number {
  const limit = Number(text);
  if (/^\d+$/.test(text) && limit <= MAX_EVENTS) return limit;
  throw new InvalidArgumentError(`expected a whole number from 0 to ${MAX_EVENTS}.`);
}
