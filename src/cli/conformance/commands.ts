import type { Command } from 'commander';
import { examples, optionOneOf, type CommandContext } from '../define.js';
import { KINDS } from '../peers/kinds.js';
import type { ConformanceFlags } from './settings.js';

/** The command `conformance`. */
export function defineConformance(root: Command, { options, end }: CommandContext): void {
  const conformance = root
    .command('conformance')
    .description('call an API as other nodes do, and say which promises of docs/writing-an-api.md it keeps')
    .argument('<url>', 'of the API; without a path, the usual one of its kind')
    .addOption(optionOneOf('--kind <kind>', 'of the API', KINDS).default('consumer'))
    .option('--secret <secret>', 'sign the calls with it, instead of http.signing.secret, and check that this counts')
    .option('--redis <url>', 'the registry of that API: look at what it stores, and take it out again')
    .option('--prefix <prefix>', 'what the keys there begin with, instead of redis.keyPrefix')
    .option('--uuid <uuid>', 'what the API should answer with, instead of what its registry says')
    .option('--timeout <duration>', 'deadline of each call, such as 2s, instead of the configured one')
    .option('--json', 'as JSON')
    .action(async (url: string, flags: ConformanceFlags) => {
      const { examineApi } = await import('./conformance.js');
      end(await examineApi(options(), url, flags));
    });
  examples(
    conformance,
    'conformance http://127.0.0.1:8080',
    'conformance http://127.0.0.1:8080 --redis redis://127.0.0.1:6379 --json',
    'conformance --kind producer http://192.168.1.9/ip',
  );
}
