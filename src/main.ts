#!/usr/bin/env node
import { heedSignals } from './cli/signals.js';

// Before anything else is even loaded: a signal that nobody heeds would end the process.
const signals = heedSignals();
const { main } = await import('./cli/program.js');

process.exitCode = await main(process.argv, process.env, signals);
