import { execFile } from 'node:child_process';
import { copyFile, glob, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { PlainError } from '../../ops/cli/errors.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const require = createRequire(import.meta.url);
const TSC = join(dirname(require.resolve('typescript/package.json')), 'bin/tsc');

type Manifest = { exports: Record<string, string>; private?: boolean; [name: string]: unknown };

/**
 * Compiles the library to a package that can be published: ESM with declarations and source maps. The sources of the maps
 * are in them. The stand-in of `./testing` is a part of it.
 * @param folder is emptied first.
 * @throws {PlainError} the compiler finds faults.
 */
export async function buildLibrary(folder: string): Promise<void> {
  const manifest = JSON.parse(await readFile(join(ROOT, 'shared/package.json'), 'utf8')) as Manifest;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await compile(folder, Object.values(manifest.exports));
  await nameDeclarations(folder);
  // The scripts keep others from packing the sources.
  const { private: _private, scripts: _scripts, exports, ...rest } = manifest;
  const built = { ...rest, exports: builtExports(exports), files: ['shared', 'dev'] };
  await writeFile(join(folder, 'package.json'), `${JSON.stringify(built, undefined, 2)}\n`);
  await copyFile(join(ROOT, 'LICENSE'), join(folder, 'LICENSE'));
  await copyFile(join(ROOT, 'shared/README.md'), join(folder, 'README.md'));
}

async function compile(folder: string, entries: readonly string[]): Promise<void> {
  const config = {
    extends: join(ROOT, 'tsconfig.json'),
    compilerOptions: {
      noEmit: false,
      outDir: folder,
      rootDir: ROOT,
      declaration: true,
      sourceMap: true,
      inlineSources: true,
      rewriteRelativeImportExtensions: true,
      typeRoots: [join(ROOT, 'node_modules/@types')],
    },
    files: entries.map((entry) => join(ROOT, 'shared', entry)),
    include: [],
  };
  const configFile = join(folder, 'tsconfig.json');
  await writeFile(configFile, JSON.stringify(config));
  try {
    await promisify(execFile)(process.execPath, [TSC, '-p', configFile]);
  } catch (error) {
    const { stdout } = error as { stdout?: string };
    throw new PlainError(`The library does not compile: ${stdout || (error as Error).message}`);
  }
  await rm(configFile);
}

/** The compiler writes `.js` for `.ts` in the code, and leaves it as it is in declarations. */
async function nameDeclarations(folder: string): Promise<void> {
  for await (const name of glob('**/*.d.ts', { cwd: folder })) {
    const path = join(folder, name);
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replace(/((?:from |import\()['"]\.[^'"]*)\.ts(?=['"])/g, '$1.js'));
  }
}

const builtExports = (exports: Record<string, string>) => ({
  ...Object.fromEntries(
    Object.entries(exports).map(([subpath, source]) => {
      const target = `./shared/${source.slice(2).replace(/\.ts$/, '')}`;
      return [subpath, { types: `${target}.d.ts`, default: `${target}.js` }];
    }),
  ),
  './package.json': './package.json',
});
