/** Every test is run, and once: by `npm test`, or else by `npm run test:all`. */
import { execFile } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const VITEST = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};

/** The files that a script gives to Vitest, as Vitest itself finds them. */
async function listOf(script: string): Promise<string[]> {
  const [, words = ''] = /\bvitest run((?: --project [\w-]+)+)$/.exec(scripts[script] ?? '') ?? [];
  if (words === '') throw new Error(`${script} does not end with the projects that it runs`);
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [VITEST, 'list', '--filesOnly', '--json', ...words.trim().split(' ')],
    { cwd: ROOT },
  );
  const found = JSON.parse(stdout) as { file: string }[];
  return found.map(({ file }) => relative(ROOT, file).replaceAll('\\', '/'));
}

const lists = new Map<string, Promise<string[]>>();
function filesOf(script: string): Promise<string[]> {
  const list = lists.get(script) ?? listOf(script);
  lists.set(script, list);
  return list;
}

const all = globSync('test/**/*.test.ts', { cwd: ROOT }).map((path) => path.replaceAll('\\', '/'));

describe('the tiers', () => {
  it('hold every test file exactly once', async () => {
    const [first, second] = await Promise.all([filesOf('test'), filesOf('test:all')]);
    expect(all).toContain('test/unit/package/tiers.test.ts');
    expect([...first, ...second].sort()).toEqual(all.sort());
  });

  it('have the quick tests in the first', async () => {
    const [fast, first] = await Promise.all([filesOf('test:fast'), filesOf('test')]);
    expect(fast.length).toBeGreaterThan(0);
    expect(fast.filter((file) => !first.includes(file))).toEqual([]);
  });

  it('have no hook beside their files: a process that many files share would run it for the first one alone', () => {
    const modules = globSync('test/{unit,integration,support}/**/*.ts', { cwd: ROOT }).filter(
      (path) => !path.endsWith('.test.ts'),
    );
    expect(modules.length).toBeGreaterThan(50);
    const hooked = modules.filter((path) =>
      /^(?:before|after)(?:Each|All)\(/m.test(readFileSync(join(ROOT, path), 'utf8')),
    );
    expect(hooked).toEqual([]);
  });

  it('are both run by the continuous integration', () => {
    const lines = readFileSync(join(ROOT, '.ci/run'), 'utf8').split('\n');
    expect(lines).toEqual(expect.arrayContaining(['npm test', 'npm run test:all']));
  });

  it('have the check of the templates beside them, which needs Bicep', () => {
    expect(readFileSync(join(ROOT, '.ci/run'), 'utf8')).toMatch(/^[^#]*\bnpm run check:infra\b/m);
  });
});
