import * as modules from 'node:module';

/**
 * Loaded before the program with `--import`: dist/main.js then runs the modules of dist instead of their copies in
 * dist/bundle. So the coverage finds their lines, and a spec can plant faults in them.
 */
const resolve = (specifier, context, next) =>
  next(specifier.replace(/\/bundle\/program\.js$/, '/cli/program.js'), context);

// Node 20 has only hooks that run in a thread of their own.
if (modules.registerHooks !== undefined) modules.registerHooks({ resolve });
else modules.register(`data:text/javascript,${encodeURIComponent(`export const resolve = ${resolve};`)}`);
