/** The package of the library, packed and installed in empty folders outside the project. */
import { execFile } from 'node:child_process';
import { cp, glob, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installedSize, installLibrary, packLibrary } from '../../support/installedLibrary.ts';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const EXAMPLE = join(ROOT, 'examples/express');
const AZURE_STORES = ['@azure/data-tables', '@azure/storage-blob'];
const STAND_IN = ['hono', '@hono/node-server', 'openid-client'];
const FOR_TYPES = ['@types/node', '@types/express', '@types/cors'];

/** What a file of declarations exports. */
const EXPORT = /^export (?:declare )?(?:type|interface|const|function|class) (\w+)/gm;
/** What it exports from another one: types alone. */
const TYPES_OF_ANOTHER = /^export type \{([^}]+)\} from/gm;

let archive: string;
let folder: string;
let exportsOf: Record<string, unknown>;
let subpaths: string[];
const projectOf = (name: string) => join(folder, name);

beforeAll(async () => {
  archive = await packLibrary();
  folder = await mkdtemp(join(tmpdir(), 'stead-consumers-'));
  await installLibrary(archive, projectOf('alone'), []);
  await installLibrary(archive, projectOf('azure'), AZURE_STORES);
  await installLibrary(archive, projectOf('express'), ['express', 'cors', ...STAND_IN]);
  await installLibrary(archive, projectOf('all'), [
    'express',
    'cors',
    '@azure/functions',
    ...AZURE_STORES,
    ...STAND_IN,
    ...FOR_TYPES,
  ]);
  const manifest = await readFile(join(projectOf('all'), 'node_modules/@stead/shared/package.json'), 'utf8');
  exportsOf = (JSON.parse(manifest) as { exports: typeof exportsOf }).exports;
  subpaths = Object.keys(exportsOf)
    .filter((subpath) => subpath !== './package.json')
    .map((subpath) => `@stead/shared${subpath.slice(1)}`);
}, 300_000);

afterAll(async () => {
  await rm(dirname(archive), { recursive: true });
  await rm(folder, { recursive: true });
});

/** Imports each of them in a process of its own project. @returns the code of the error by subpath; `ok` if there is none */
async function importAll(project: string): Promise<Record<string, string>> {
  const text = `
    const found = {};
    for (const name of ${JSON.stringify(subpaths)}) {
      found[name] = await import(name).then(() => 'ok', ({ code, message }) => code + ' ' + /'([^']+)'/.exec(message)?.[1]);
    }
    console.log(JSON.stringify(found));`;
  const file = join(projectOf(project), 'importAll.js');
  await writeFile(file, text);
  const { stdout } = await run(process.execPath, [file], { cwd: projectOf(project) });
  return JSON.parse(stdout) as Record<string, string>;
}

describe('the packed library', () => {
  it('is imported by every subpath', async () => {
    expect(await importAll('all')).toEqual(Object.fromEntries(subpaths.map((name) => [name, 'ok'])));
  });

  it('needs a package of others only for what is about it', async () => {
    const missing = Object.entries(await importAll('alone')).filter(([, found]) => found !== 'ok');
    expect(missing).toEqual([
      ['@stead/shared/stores/azure', 'ERR_MODULE_NOT_FOUND @azure/storage-blob'],
      ['@stead/shared/testing', 'ERR_MODULE_NOT_FOUND @hono/node-server'],
      ['@stead/shared/testing/localApp', 'ERR_MODULE_NOT_FOUND openid-client'],
    ]);
  });

  it('is small: at most 15 MiB alone, and 55 MiB with the stores in Azure', async () => {
    const alone = await installedSize(projectOf('alone'));
    const azure = await installedSize(projectOf('azure'));
    const textOf = ({ mib, onDiskMib }: typeof alone) =>
      `${mib.toFixed(1)} MiB in files, as npm counts (${onDiskMib.toFixed(1)} MiB on a disk with blocks of 4 KiB)`;
    process.stdout.write(
      `Installed size: alone ${textOf(alone)}; with the stores in Azure ${textOf(azure)}.\n`,
    );
    expect(alone.mib).toBeLessThan(15);
    expect(azure.mib).toBeLessThan(55);
  });

  it('has the compiled files with maps that have their sources, and nothing of the tests', async () => {
    const library = join(projectOf('alone'), 'node_modules/@stead/shared');
    const names = await Array.fromAsync(glob('**/*.*', { cwd: library }));
    const code = names.filter((name) => name.endsWith('.js'));
    const expected = code.flatMap((name) => [name, `${name}.map`, name.replace(/\.js$/, '.d.ts')]);
    expect(names.filter((name) => name.includes('/')).sort()).toEqual(expected.sort());
    expect((await readdir(library)).sort()).toEqual([
      'LICENSE',
      'README.md',
      'dev',
      'package.json',
      'shared',
    ]);
    expect(code.filter((name) => !/^(?:shared|dev\/entra)\//.test(name))).toEqual([]);
    for (const name of code) {
      const map = JSON.parse(await readFile(join(library, `${name}.map`), 'utf8')) as {
        sourcesContent?: string[];
      };
      expect(map.sourcesContent?.[0], name).toBeTruthy();
    }
  });

  it.each([
    ['nodenext', 'nodenext'],
    ['node16', 'node16'],
    ['esnext', 'bundler'],
  ])('type-checks in a strict project (%s, %s), with the example for Express', async (module, moduleResolution) => {
    const project = projectOf('all');
    await cp(EXAMPLE, project, { recursive: true });
    const uses = subpaths.map((name, index) => `export * as part${index} from '${name}';`);
    await writeFile(join(project, 'uses.ts'), uses.join('\n'));
    const compilerOptions = {
      module,
      moduleResolution,
      target: 'es2023',
      types: ['node'],
      strict: true,
      exactOptionalPropertyTypes: true,
      allowImportingTsExtensions: true,
      noEmit: true,
      skipLibCheck: false,
    };
    const config = { compilerOptions, files: ['uses.ts', 'app.ts', 'tryIt.ts'] };
    await writeFile(join(project, 'tsconfig.json'), JSON.stringify(config));
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
    const { stdout } = await run(process.execPath, [tsc, '-p', project]).catch(
      (error: { stdout: string }) => error,
    );
    expect(stdout).toBe('');
  });

  it('exports what docs/extend.md lists, by the names in its declarations', async () => {
    const library = join(projectOf('all'), 'node_modules/@stead/shared');
    const declared = await Promise.all(
      subpaths.map(async (name): Promise<[string, string[]]> => {
        const { types } = exportsOf[`.${name.slice('@stead/shared'.length)}`] as { types: string };
        const text = await readFile(join(library, types), 'utf8');
        const own = [...text.matchAll(EXPORT)].map(([, exported = '']) => exported);
        const others = [...text.matchAll(TYPES_OF_ANOTHER)].map(([, exported = '']) => exported);
        // Nothing is exported in a way that is not counted.
        expect(text.match(/^export (?!\{\};)/gm) ?? [], name).toHaveLength(own.length + others.length);
        const names = [...own, ...others.flatMap((list) => list.split(','))].map((one) => one.trim());
        return [name, [...new Set(names)].sort()];
      }),
    );
    const table = await readFile(join(ROOT, 'docs/extend.md'), 'utf8');
    const listed = [...table.matchAll(/^\| `(@stead[^`]*)` \|[^|]*\|([^|]*)\|$/gm)].map(
      ([, name = '', names = '']) => [name, [...names.matchAll(/`(\w+)`/g)].map(([, one]) => one).sort()],
    );
    expect(listed).toEqual(declared);
  });

  it('passes publint', async () => {
    const publint = join(ROOT, 'node_modules/publint/src/cli.js');
    const { stdout } = await run(process.execPath, [publint, 'run', archive, '--strict']);
    expect(stdout).toContain('All good!');
  });

  it('has the right types for each way to import it that ESM has', async () => {
    const attw = join(ROOT, 'node_modules/@arethetypeswrong/cli/dist/index.js');
    const { stdout } = await run(process.execPath, [attw, archive, '--profile', 'esm-only', '--no-color']);
    const verdicts = stdout.match(/^(?:node16 \(from ESM\)|bundler): .*/gm) ?? [];
    expect(verdicts).toHaveLength(2 * (subpaths.length + 1));
    expect(verdicts.filter((verdict) => !verdict.includes('🟢'))).toEqual([]);
  });
});

describe('the example for Express, with the packed library', () => {
  it('has fewer than 30 lines', async () => {
    expect((await readFile(join(EXAMPLE, 'app.ts'), 'utf8')).trimEnd().split('\n').length).toBeLessThan(30);
  });

  it('refuses a stranger, answers who the user is, and refreshes their token while they are away', async () => {
    const project = projectOf('express');
    await cp(EXAMPLE, project, { recursive: true });
    const { stdout } = await run(process.execPath, [join(project, 'tryIt.ts')], { cwd: project });
    expect(stdout).toMatch(/\/api\/me 401 Bearer realm="Stead" \{[^}]*code: 'TOKEN_MISSING'/);
    expect(stdout).toMatch(/\/api\/me 200 null \{[^}]*displayName: 'Adele Brandt'/);
    expect(stdout).toMatch(
      /"event":"user.check-ended","user":"\w+","outcome":"refreshed"[^\n]*"source":"network"/,
    );
    expect(stdout).toMatch(/\/api\/connection 200 null \{[^}]*state: 'active'/);
    const [, preflight = ''] = /^(OPTIONS 204 \{[^}]*\})/m.exec(stdout) ?? [];
    expect(preflight).toContain("'access-control-allow-origin': 'https://page.example'");
    expect(preflight).toContain("'access-control-allow-headers': 'authorization,content-type'");
    expect(preflight).toMatch(/'access-control-allow-methods': '[^']*PUT[^']*DELETE/);
  }, 60_000);
});
