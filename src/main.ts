#!/usr/bin/env node
import type { main as Main } from './cli/program.js';
import { handleSignals } from './cli/signals.js';
import { setHeapFlags } from './cli/heapFlags.js';

// Handlers are installed before any other module is loaded, because an unhandled signal ends the process.
const signals = handleSignals();
setHeapFlags();
// The bundle of ./cli/program.js and what that imports, or the modules themselves with --conditions=modules. The name is no
// literal, because the bundle is not there when this is compiled.
const program = '#program';
const { main } = (await import(program)) as { main: typeof Main };

process.exitCode = await main(process.argv, process.env, signals);
