import { defineConfig } from 'vitest/config';
import { flakyReporter } from './test/support/flakyReporter.ts';

/** What takes long, and no main path needs: the second tier has it (`npm run test:all`). */
const LONG = '**/*.long.test.ts';

/**
 * What a process keeps for good, for example the identity endpoint that MSAL finds first, or a trusted certificate: each of
 * these files has a process of its own.
 */
const ALONE = '**/*.alone.test.ts';
/**
 * The other files share the processes, which load each module once: half of the processor's time for the unit tests. So a module
 * beside the tests must have no hook at its top level. Only the first file that imports it would run the hook.
 */
const shared = { isolate: false };

/**
 * These tests wait for browsers, storage and other processes by the clock of a machine that others may use, too. One that fails
 * is tried once more, and the end of the run names it (docs/decisions/0023-tests-by-the-clock-are-tried-again.md).
 */
const byTheClock = { retry: 1 };

/** A property that fails by chance would say nothing of the change. */
const withSeed = { setupFiles: ['test/support/propertySeed.ts'] };

/** Everything of a folder of `test`, or only what is long there. */
const folder = (name: string) => ({ name, include: [`test/${name}/**/*.test.ts`], exclude: [ALONE] });
const shortOf = (name: string) => ({ ...folder(name), exclude: [ALONE, LONG] });
const longOf = (name: string) => ({ name: `${name}-long`, include: [`test/${name}/${LONG}`] });

/** When the others are done, and no more at once than there are cores: a browser is busy all the time. */
const inBrowser = { ...byTheClock, testTimeout: 120_000, maxWorkers: 2, sequence: { groupOrder: 1 } };

export default defineConfig({
  test: {
    environment: 'node',
    // A list replaces what Vitest takes by itself, and on GitHub one of them annotates the change.
    reporters: [
      'default',
      ...(process.env.GITHUB_ACTIONS === 'true' ? ['github-actions'] : []),
      flakyReporter,
    ],
    // Most of them wait for another process, most of the time.
    maxWorkers: 3,
    // Several times what the longest of them takes. It ends what hangs, and must not end what a busy machine makes slow.
    testTimeout: 60_000,
    // What is polled for comes from another process, which may have to wait for a busy machine.
    expect: { poll: { timeout: 10_000 } },
    hookTimeout: 60_000,
    // Nothing that a host or an answer said in any test may be a secret: scanned when all are done.
    globalSetup: ['test/logScan/globalSetup.ts'],
    setupFiles: ['test/logScan/setupFile.ts'],
    // Each file of `test` is in exactly one of them, and each of them in one tier: test/unit/package/tiers.test.ts.
    projects: [
      { extends: true, test: { ...folder('unit'), ...shared, ...withSeed } },
      { extends: true, test: { ...folder('attacks'), ...withSeed } },
      { extends: true, test: folder('logScan') },
      { extends: true, test: shortOf('simulation') },
      { extends: true, test: { ...shortOf('integration'), ...shared, ...byTheClock } },
      { extends: true, test: { name: 'alone', include: [ALONE], ...byTheClock } },
      { extends: true, test: { ...shortOf('browser'), ...inBrowser } },
      { extends: true, test: { ...longOf('integration'), ...byTheClock } },
      { extends: true, test: { ...longOf('browser'), ...inBrowser } },
      { extends: true, test: longOf('simulation') },
      { extends: true, test: folder('storm') },
      { extends: true, test: { ...folder('drills'), ...byTheClock } },
    ],
  },
});
