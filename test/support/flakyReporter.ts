import type { Reporter, TestModule } from 'vitest/node';

/** Prints the tests that failed first and passed then. Vitest itself counts them among those that passed. */
export const flakyReporter: Reporter = {
  onTestRunEnd(modules) {
    const flaky = modules.flatMap(flakyOf);
    if (flaky.length === 0) return;
    const title = `FLAKY: ${flaky.length} passed only when tried again. Each is a defect, of the test or of the code:`;
    process.stdout.write(`\n${[title, ...flaky].join('\n  ')}\n`);
  },
};

const flakyOf = (module: TestModule): string[] =>
  [...module.children.allTests()]
    .filter((test) => test.diagnostic()?.flaky)
    .map((test) => `${module.project.name}: ${module.relativeModuleId} > ${test.fullName}`);
