import { defineConfig } from 'vitest/config';

/**
 * The unit tests of the rules that are mutated. None has a host or storage, so that there is no log scan. The long
 * simulations are left out: a rule needs a test that says what it is.
 */
export default defineConfig({
  test: {
    environment: 'node',
    include: [
      'test/unit/shared/{account,tokens}/*.test.ts',
      'test/unit/shared/worker/{plan,taskResult}.test.ts',
      'test/unit/shared/graphTasks/*.test.ts',
      'test/unit/shared/adapters/entra/{accessToken,authority,checkAppToken,checkKeyIssuer,claimsForMsal}.test.ts',
    ],
    exclude: ['**/{scheduleYear,interleavings}.test.ts'],
    // One load of the modules serves all files of a run; each mutant has a run of its own.
    isolate: false,
    testTimeout: 30_000,
  },
});
