/** What the production build makes a browser load, and what it does not hold. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../../../dev/platform.ts';

const MOST_KILOBYTES = 180;
/** Only the sources of the controls hold these. */
const TRACES = [
  'Play the story',
  'Withdraw my permission',
  'Run the worker now',
  'Geschichte spielen',
  '/dev/users/${',
];
/** What only the sources of their routes hold. */
const ROUTES = ['/users/:name/:control', 'start-over', '/users/:name/restore', '/users/:name/reset'];

const spa = join(ROOT, 'dist/spa');
const local = join(ROOT, 'dist/local');
const read = (path: string) => readFile(join(spa, path), 'utf8');

/** Everything that `index.html` needs before it can show anything: paths from the root of the build. */
async function firstLoad(): Promise<Set<string>> {
  const html = await read('index.html');
  const found = new Set(
    [...html.matchAll(/(?:src|href)="\/(assets\/[^"]+)"/g)].map(([, path]) => path ?? ''),
  );
  for (const path of found) {
    if (!path.endsWith('.js')) continue;
    // A static import; a dynamic one has a bracket.
    for (const [, file] of (await read(path)).matchAll(/(?:from|import)\s*["']\.\/([^"']+)["']/g)) {
      found.add(`assets/${file}`);
    }
  }
  return found;
}

/** Every file of a build as one text, source maps included. */
async function contentOf(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const contents = await Promise.all(
    files.map(({ parentPath, name }) => readFile(join(parentPath, name), 'utf8')),
  );
  return contents.join('\n');
}

describe('the production build', () => {
  it(`loads less than ${MOST_KILOBYTES} kB (gzip) before it can be used`, async () => {
    let total = 0;
    for (const path of await firstLoad()) {
      const bytes = gzipSync(await readFile(join(spa, path))).length;
      total += bytes;
      process.stdout.write(`${path.padEnd(40)} ${(bytes / 1_000).toFixed(1).padStart(7)} kB gzip\n`);
    }
    // One language is loaded with it, whichever it is.
    const languages = (await readdir(join(spa, 'assets'))).filter((name) =>
      /^(?:en|de)-[\w-]+\.js$/.test(name),
    );
    expect(languages).toHaveLength(2);
    const sizes = await Promise.all(
      languages.map(async (name) => gzipSync(await readFile(join(spa, 'assets', name))).length),
    );
    total += Math.max(...sizes);
    process.stdout.write(
      `${'in all, with the larger language'.padEnd(40)} ${(total / 1_000).toFixed(1).padStart(7)} kB gzip\n`,
    );
    expect(total).toBeGreaterThan(50_000);
    expect(total).toBeLessThan(MOST_KILOBYTES * 1_000);
  });

  it('has no route of the demo controls in the functions', async () => {
    const functions = await contentOf(join(ROOT, 'dist/functions'));
    expect(functions).toContain('connection/link/callback');
    expect(ROUTES.filter((route) => functions.includes(route))).toEqual([]);
    const sources = await contentOf(join(ROOT, 'dev'));
    expect(ROUTES.filter((route) => sources.includes(route))).toEqual(ROUTES);
  });

  it('holds nothing of the demo controls, which the local build has', async () => {
    const [production, demo] = await Promise.all([contentOf(spa), contentOf(local)]);
    expect(TRACES.filter((trace) => production.includes(trace))).toEqual([]);
    expect(TRACES.filter((trace) => demo.includes(trace))).toEqual(TRACES);
  });
});
