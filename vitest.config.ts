import { defineConfig } from 'vitest/config';

/** What takes long, and no main path needs: the second tier has it (`npm run test:all`). */
const LONG = '**/*.long.test.ts';

/** Everything of a folder of `test`, or only what is long there. */
const folder = (name: string) => ({ name, include: [`test/${name}/**/*.test.ts`] });
const shortOf = (name: string) => ({ ...folder(name), exclude: [LONG] });
const longOf = (name: string) => ({ name: `${name}-long`, include: [`test/${name}/${LONG}`] });

/** When the others are done, and no more at once than there are cores: a browser is busy all the time. */
const inBrowser = { testTimeout: 60_000, maxWorkers: 2, sequence: { groupOrder: 1 } };

export default defineConfig({
  test: {
    environment: 'node',
    // Most of them wait for another process, most of the time.
    maxWorkers: 3,
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Nothing that a host or an answer said in any test may be a secret: scanned when all are done.
    globalSetup: ['test/logScan/globalSetup.ts'],
    setupFiles: ['test/logScan/setupFile.ts'],
    // Each file of `test` is in exactly one of them, and each of them in one tier: test/unit/package/tiers.test.ts.
    projects: [
      { extends: true, test: folder('unit') },
      { extends: true, test: folder('attacks') },
      { extends: true, test: folder('logScan') },
      { extends: true, test: shortOf('simulation') },
      { extends: true, test: shortOf('integration') },
      { extends: true, test: { ...shortOf('browser'), ...inBrowser } },
      { extends: true, test: longOf('integration') },
      { extends: true, test: { ...longOf('browser'), ...inBrowser } },
      { extends: true, test: longOf('simulation') },
      { extends: true, test: folder('storm') },
      { extends: true, test: folder('drills') },
    ],
  },
});
