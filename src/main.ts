#!/usr/bin/env node
import type { main as Main } from './cli/program.js';
import { handleSignals } from './cli/signals.js';
import { setHeapFlags } from './cli/heapFlags.js';

// Handlers are installed before any other module is loaded, because an unhandled signal ends the process.
const signals = handleSignals();
setHeapFlags();
// Made of ./cli/program.js and what that imports, by scripts/bundle.mjs.
const bundle = new URL('./bundle/program.js', import.meta.url);
const { main } = (await import(bundle.href)) as { main: typeof Main };

process.exitCode = await main(process.argv, process.env, signals);
