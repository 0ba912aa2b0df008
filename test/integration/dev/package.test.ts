/** `npm run package`: what is deployed is what starts, and nothing else is deployed. */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { API_CLIENT_SECRET } from '../../../dev/entra/directory.ts';
import { checkPackage } from '../../../dev/package/checkPackage.ts';
import { addedFunctions } from '../../support/mainFile.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const PACKAGE = join(ROOT, 'dist/package');
/** The functions that are shipped. */
const SHIPPED = [
  'connection',
  'health',
  'link',
  'linkCallback',
  'photo',
  'profile',
  'ready',
  'refreshWorker',
  'runWorker',
  'sweepPart',
];
/** The files that the bundle has beside `main.js` hold what is loaded when it is used. Their names end with their hash. */
const FILES = ['host.json', 'main.js', 'main.js.map', 'package.json'];
const CHUNK = /^[\w.]+-[0-9A-Z]{8}\.js(?:\.map)?$/;

let printed = '';
let folder: string;
beforeAll(async () => {
  ({ stdout: printed } = await promisify(execFile)(process.execPath, [join(ROOT, 'dev/package/main.ts')], {
    cwd: ROOT,
  }));
  folder = await mkdtemp(join(tmpdir(), 'stead-packaged-'));
});
afterAll(() => rm(folder, { recursive: true }));

const read = (name: string) => readFile(join(PACKAGE, name), 'utf8');

/** A copy of the package that a test may break. */
async function copyOf(name: string): Promise<string> {
  const copy = join(folder, name);
  await cp(PACKAGE, copy, { recursive: true });
  return copy;
}

describe('the package', () => {
  it('has exactly what Azure reads', async () => {
    const files = (await readdir(PACKAGE, { recursive: true })).sort();
    expect(files.filter((name) => !CHUNK.test(name))).toEqual(FILES);
    // Whatever is loaded has its source map, so that a place in a stack trace can be found in the source.
    const loaded = files.filter((name) => name.endsWith('.js'));
    expect(files.filter((name) => name.endsWith('.map'))).toEqual(loaded.map((name) => `${name}.map`));
    expect(await read('host.json')).toBe(await readFile(join(ROOT, 'host.json'), 'utf8'));
    expect(JSON.parse(await read('package.json'))).toEqual({ type: 'module', main: 'main.js' });
  });

  it('is made of the functions, the library and packages alone', async () => {
    const maps = (await readdir(PACKAGE)).filter((name) => name.endsWith('.map'));
    const texts = await Promise.all(maps.map(read));
    const sources = texts.flatMap((text) => (JSON.parse(text) as { sources: string[] }).sources);
    // Packages that were bundled themselves, and what the build puts in a module's place, name their sources like this.
    const files = sources.filter((source) => !/^(?:webpack|whenUsed|crcWhenUsed):/.test(source));
    const rooms = files.map((source) => relative(ROOT, resolve(PACKAGE, source)).split(/[\\/]/));
    expect([...new Set(rooms.map(([room]) => room))].sort()).toEqual(['functions', 'node_modules', 'shared']);
    expect(rooms.filter(([room, name]) => room === 'shared' && name === 'testing')).toEqual([]);
  });

  it('has no secret, not even that of the stand-in', async () => {
    const text = (await Promise.all((await readdir(PACKAGE)).map(read))).join('\n');
    expect(text).not.toContain(API_CLIENT_SECRET);
    expect(text).not.toMatch(/-----BEGIN [A-Z ]*PRIVATE KEY-----\\*r?n?[A-Za-z0-9+/]{40}/);
  });
});

describe('npm run package', () => {
  it('lists the files, their total and the functions that started', () => {
    for (const name of [...FILES, 'total']) expect(printed).toMatch(new RegExp(`^${name} +[\\d,]+$`, 'm'));
    const functions = [...SHIPPED, ...addedFunctions()].sort();
    expect(printed).toContain(`these functions: ${functions.join(', ')}\n`);
  });
});

describe('the check of a package', () => {
  it('fails in one sentence if a file is missing', async () => {
    const copy = await copyOf('incomplete');
    await rm(join(copy, 'main.js'));
    await expect(checkPackage(copy, [])).rejects.toThrow(
      /^The package does not start: [^\n]*main\.js[^\n]*$/,
    );
  });

  it('fails if the bundle needs a package that is not in it', async () => {
    const copy = await copyOf('dependent');
    await writeFile(join(copy, 'main.js'), `import 'jose';\n${await read('main.js')}`);
    await expect(checkPackage(copy, [])).rejects.toThrow(/^The package does not start: [^\n]*'jose'[^\n]*$/);
  });

  it('fails if a function is missing, and says which', async () => {
    await expect(checkPackage(PACKAGE, ['health', 'weather'])).rejects.toThrow(
      'The package has no function "weather".',
    );
  });
});
