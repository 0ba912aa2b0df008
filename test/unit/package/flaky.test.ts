/** A test that is tried again is named at the end of the run. Without that, nobody would ever mend it. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const VITEST = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
const REPORTER = join(ROOT, 'test/support/flakyReporter.ts');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stead-flaky-'));
  const config = `import { flakyReporter } from ${JSON.stringify(REPORTER)};
    export default { test: { retry: 1, reporters: [flakyReporter] } };`;
  await writeFile(join(folder, 'vitest.config.ts'), config);
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'junction');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What is printed of a test that passes at the given try, after at most one other. */
async function printed(passesAt: number): Promise<string> {
  const file = `passes-at-${passesAt}.test.js`;
  await writeFile(
    join(folder, file),
    `import { expect, it } from 'vitest';
    let tries = 0;
    it('passes some time', () => expect(++tries).toBe(${passesAt}));`,
  );
  const { stdout } = await promisify(execFile)(process.execPath, [VITEST, 'run', file], { cwd: folder });
  return stdout;
}

it('names a test that passed when it was tried again', async () => {
  const lines = (await printed(2)).trim().split('\n');
  expect(lines[0]).toMatch(/^FLAKY: 1 passed only when tried again/);
  expect(lines[1]).toMatch(/^ {2}.*passes-at-2\.test\.js > passes some time$/);
  expect(lines).toHaveLength(2);
});

it('says nothing of a test that passed at once', async () => {
  expect(await printed(1)).toBe('');
});

it('does not let a test pass that fails twice', async () => {
  await expect(printed(3)).rejects.toMatchObject({ code: 1 });
});
