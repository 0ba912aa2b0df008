/** Who may import whom, as Biome's settings say it: one run of Biome serves all of the tests. */
import { glob } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { ROOT, refusedLines } from './refusedLines.ts';
import { ADAPTERS } from './rooms/adapters.ts';
import { APPS } from './rooms/apps.ts';
import { BENCHMARKS } from './rooms/benchmarks.ts';
import { FLOOR } from './rooms/floor.ts';
import { LOCAL } from './rooms/local.ts';
import { OPERATION } from './rooms/operation.ts';
import { PAGE } from './rooms/page.ts';
import { SHARED } from './rooms/shared.ts';

const ROOMS = { ...FLOOR, ...SHARED, ...ADAPTERS, ...APPS, ...OPERATION, ...LOCAL, ...BENCHMARKS, ...PAGE };
/** What no room may import. */
const NOBODY = 'a-package-of-nobody';

const importing = (packages: readonly string[]): string[] => packages.map((from) => `import '${from}';`);

describe('the import table', async () => {
  const real: string[] = [];
  for (const root of ['shared', 'functions', 'examples', 'ops', 'dev', 'infra', 'bench', 'spa']) {
    for await (const file of glob(`${root}/**/*.{ts,tsx}`, { cwd: ROOT }))
      real.push(file.replaceAll('\\', '/'));
  }
  const files = Object.fromEntries(real.map((file) => [file, importing([NOBODY])]));
  for (const [path, room] of Object.entries(ROOMS))
    files[path] = importing([...room.allowed, ...room.refused, NOBODY]);
  const refused = await refusedLines('lint/style/noRestrictedImports', files);

  it.each(Object.entries(ROOMS))('holds in %s', (path, room) => {
    expect(refused[path]?.sort()).toEqual(importing([...room.refused, NOBODY]).sort());
  });

  it('has a room for every file of the app, the page, the local platform, the templates and the benchmarks', () => {
    expect(real).toContain('functions/main.ts');
    expect(real.filter((path) => !refused[path]?.includes(`import '${NOBODY}';`))).toEqual([]);
  });
});
