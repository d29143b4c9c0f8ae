import type { Reporter, TestModule } from 'vitest/node';

/**
 * Ends a run with one plain line, "N passed, N failed, N skipped", and the names of what was skipped. Where CI is set, a
 * skipped test fails the run: a tool that is missing there is a mistake of the installation, not a reason to test less.
 */
export function closingLine(): Reporter {
  return {
    onTestRunEnd(modules: readonly TestModule[]) {
      const count = { passed: 0, failed: 0, skipped: 0, pending: 0 };
      const skipped: string[] = [];
      for (const module of modules) {
        if (!module.ok() && [...module.children.allTests()].length === 0) count.failed += 1;
        for (const test of module.children.allTests()) {
          const { state } = test.result();
          count[state] += 1;
          if (state === 'skipped') skipped.push(`${module.relativeModuleId} > ${test.fullName}`);
        }
      }
      const failed = count.failed + count.pending;
      if (skipped.length > 0) console.log(`\nskipped:\n${skipped.map((name) => `  ${name}`).join('\n')}`);
      if (skipped.length > 0 && process.env.CI) {
        console.log('A skipped test fails the run in CI: install what it needs.');
        process.exitCode = 1;
      }
      console.log(`\n${count.passed} passed, ${failed} failed, ${count.skipped} skipped`);
    },
  };
}
