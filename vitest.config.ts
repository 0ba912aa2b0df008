import { defineConfig } from 'vitest/config';

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
    projects: [
      { extends: true, test: { name: 'unit', include: ['test/unit/**/*.test.ts'] } },
      { extends: true, test: { name: 'integration', include: ['test/integration/**/*.test.ts'] } },
      { extends: true, test: { name: 'logScan', include: ['test/logScan/**/*.test.ts'] } },
      { extends: true, test: { name: 'attacks', include: ['test/attacks/**/*.test.ts'] } },
      { extends: true, test: { name: 'storm', include: ['test/storm/**/*.test.ts'] } },
      { extends: true, test: { name: 'drills', include: ['test/drills/**/*.test.ts'] } },
      {
        extends: true,
        test: {
          name: 'browser',
          testTimeout: 60_000,
          // Beside all the others a browser is now and then too slow for MSAL's own time-outs.
          retry: 1,
          include: ['test/browser/**/*.test.ts'],
          fileParallelism: false,
        },
      },
    ],
  },
});
