#!/usr/bin/env node
import { handleSignals } from './cli/signals.js';
import { setHeapFlags } from './cli/heapFlags.js';

// Handlers are installed before any other module is loaded, because an unhandled signal ends the process.
const signals = handleSignals();
setHeapFlags();
const { main } = await import('./cli/program.js');

process.exitCode = await main(process.argv, process.env, signals);
