/** What these folders start is measured; what the others start runs the same code, and reading it all takes minutes. */
const MEASURED = /[\\/]spec[\\/](process|cli)[\\/]/;

const { NODE_V8_COVERAGE: folder } = process.env;

/** Whether the processes that a file of specs starts write their coverage, decided before its first spec. */
export const mochaHooks = {
  beforeAll() {
    const [first] = this.test.parent.suites;
    if (folder === undefined || first === undefined) return;
    if (MEASURED.test(first.file)) process.env.NODE_V8_COVERAGE = folder;
    else delete process.env.NODE_V8_COVERAGE;
  },
};
