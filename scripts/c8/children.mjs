/** What these files start is measured; what others start runs the same code, and each process more costs a second. */
const MEASURED = /[\\/]spec[\\/](process[\\/](transcripts|commands|init|notify|peers|service|sync)\.|cli[\\/])/;

/** The modules instead of their copies in the bundle, so that the coverage finds their lines. */
const UNBUNDLED = '--conditions=modules';
const { NODE_V8_COVERAGE: folder, NODE_OPTIONS: given } = process.env;

/** Whether the processes that a file of specs starts write their coverage, decided before its first spec. */
export const mochaHooks = {
  beforeAll() {
    const [first] = this.test.parent.suites;
    if (folder === undefined || first === undefined) return;
    delete process.env.NODE_V8_COVERAGE;
    process.env.NODE_OPTIONS = given ?? '';
    if (!MEASURED.test(first.file)) return;
    Object.assign(process.env, { NODE_V8_COVERAGE: folder, NODE_OPTIONS: `${given ?? ''} ${UNBUNDLED}` });
  },
};
