import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transform } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const CHECK = join(ROOT, 'dev/checkNode.cjs');
const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'stead-node-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs the check in a process that takes itself for that version. */
function checkAs(version: string) {
  const pretend = join(folder, `${version}.cjs`);
  const versions = `{ value: Object.assign({}, process.versions, { node: '${version}' }) }`;
  writeFileSync(pretend, `Object.defineProperty(process, 'versions', ${versions});`);
  const options = { encoding: 'utf8', input: "console.log('ran')" } as const;
  return spawnSync(process.execPath, ['-r', pretend, '-r', CHECK, '-'], options);
}

/** Whether esbuild, asked for ECMAScript 5, neither rewrites nor refuses anything. */
async function isEs5(text: string): Promise<boolean> {
  // The one thing that it drops for every target: a comma after the last argument.
  if (/,\s*\)/.test(text)) return false;
  try {
    const [lowered, kept] = await Promise.all(
      ['es5', 'esnext'].map((target) => transform(text, { target, loader: 'js' })),
    );
    return lowered?.code === kept?.code;
  } catch {
    return false;
  }
}

describe('checkNode', () => {
  it.each([
    '0.12.18',
    '4.9.1',
    '12.22.12',
    '20.20.2',
    '22.17.1',
    '23.5.0',
  ])('stops Node %s with one line', (version) => {
    const { status, stdout, stderr } = checkAs(version);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toMatch(/^[^\n]+\n$/);
    expect(stderr).toContain(`needs Node 22.18 or newer, and this is Node ${version}:`);
  });

  it.each(['22.18.0', '22.23.2', '23.6.0', '24.0.0', '30.1.0'])('lets Node %s go on', (version) => {
    expect(checkAs(version)).toMatchObject({ status: 0, stdout: 'ran\n', stderr: '' });
  });

  it('says no to none that runs TypeScript: this one does', () => {
    const typed = join(folder, 'typed.ts');
    writeFileSync(typed, 'const text: string = "ran"; process.stdout.write(text);');
    expect(execFileSync(process.execPath, ['-r', CHECK, typed], { encoding: 'utf8' })).toBe('ran');
  });

  it('can be read by every Node', async () => {
    const text = readFileSync(CHECK, 'utf8');
    expect(await isEs5(text)).toBe(true);
    for (const modern of ['const a = 1;', 'f(() => 1);', 'f(`a`);', 'f(a?.b);', 'f({ a });', 'f(1,);']) {
      expect([modern, await isEs5(`${text}\n${modern}`)]).toEqual([modern, false]);
    }
  });
});

describe('the scripts of package.json', () => {
  it.each(
    Object.entries(scripts).filter(([, script]) => /\bnode\b/.test(script)),
  )('load the check before anything else in "%s"', (_name, script) => {
    expect(script).toMatch(/^node (?:-r \.\/dev\/checkNode\.cjs |dev\/checkNode\.cjs && )/);
  });

  it('run no TypeScript and no test without it', () => {
    const unchecked = Object.entries(scripts).filter(
      ([, script]) =>
        /\.ts\b|vitest/.test(script) && !script.includes('checkNode') && !/^npm run check &&/.test(script),
    );
    expect(unchecked).toEqual([]);
  });
});
