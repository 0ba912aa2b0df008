/** What the built page weighs, and what is not in it. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { PAGE_ROOT } from './pageUnderTest.ts';

const DEMO_ROOT = join(PAGE_ROOT, '../local');
const MOST_BYTES = 180_000;
const SCRIPT_OR_STYLE = /\.(?:js|css)$/;

async function assetsOf(root: string): Promise<Map<string, string>> {
  const names = (await readdir(join(root, 'assets'))).filter((name) => SCRIPT_OR_STYLE.test(name));
  const contents = await Promise.all(names.map((name) => readFile(join(root, 'assets', name), 'utf8')));
  return new Map(names.map((name, index) => [name, contents[index] ?? '']));
}

/** What `index.html` loads before anybody does anything: its own scripts and styles, and what those import. */
async function firstLoad(root: string, assets: Map<string, string>): Promise<string[]> {
  const html = await readFile(join(root, 'index.html'), 'utf8');
  const loaded = new Set(namesIn(html, /(?:src|href)="\/assets\/([^"]+)"/g));
  // A set is walked to the end of what is added to it meanwhile.
  for (const name of loaded) {
    for (const next of namesIn(assets.get(name) ?? '', /(?:from|import)\s*"\.\/([^"]+)"/g)) loaded.add(next);
  }
  return [...loaded];
}

const namesIn = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map(([, name = '']) => name);

describe('the built page', () => {
  it(`weighs less than ${MOST_BYTES / 1_000} kB, compressed, until it can be used`, async ({ annotate }) => {
    const assets = await assetsOf(PAGE_ROOT);
    const loaded = await firstLoad(PAGE_ROOT, assets);
    const sizes = loaded.map((name) => ({ name, bytes: gzipSync(assets.get(name) ?? '').length }));
    const total = sizes.reduce((sum, { bytes }) => sum + bytes, 0);
    const lines = sizes.map(({ name, bytes }) => `${(bytes / 1_000).toFixed(1)} kB ${name}`);
    await annotate(`${(total / 1_000).toFixed(1)} kB in all: ${lines.join(', ')}`);
    expect(loaded.filter((name) => name.endsWith('.js')).length).toBeGreaterThan(0);
    expect(loaded.filter((name) => name.endsWith('.css')).length).toBeGreaterThan(0);
    expect(total).toBeLessThan(MOST_BYTES);
  });

  it('has nothing of the demo controls, which the local one has', async () => {
    const traces = /\/dev\/|Play the story|server-error/;
    const withTraces = async (root: string) =>
      [...(await assetsOf(root))].filter(([, content]) => traces.test(content)).map(([name]) => name);
    expect(await withTraces(PAGE_ROOT)).toEqual([]);
    expect(await withTraces(DEMO_ROOT)).toEqual([expect.stringMatching(/^DemoControls-/)]);
  });
});
