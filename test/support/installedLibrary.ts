/** The library as others have it: packed, and installed in a folder outside the project, without a network. */
import { execFile } from 'node:child_process';
import { cp, glob, mkdir, mkdtemp, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { buildLibrary } from '../../dev/library/buildLibrary.ts';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const BLOCK_BYTES = 4_096;
const MIB = 2 ** 20;

type Manifest = { version: string; dependencies?: Record<string, string>; peerDependencies?: object };

/** Builds and packs the library. @returns the path of the archive; its folder is the caller's to remove */
export async function packLibrary(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'stead-library-'));
  await buildLibrary(join(folder, 'library'));
  const { stdout } = await run('npm', ['pack', './library', '--silent'], { cwd: folder });
  return join(folder, stdout.trim());
}

/**
 * Makes a project that has the library, and further packages in the versions of this project. They are copied from here,
 * and `npm ls` says whether the result is a complete and valid installation.
 */
export async function installLibrary(
  archive: string,
  folder: string,
  further: readonly string[],
): Promise<void> {
  const library = join(folder, 'node_modules/@stead/shared');
  await mkdir(library, { recursive: true });
  await run('tar', ['-xzf', archive, '-C', library, '--strip-components', '1']);
  const { dependencies = {}, version } = await manifestOf(library);
  const asked: Record<string, string> = { '@stead/shared': version };
  for (const name of further) asked[name] = (await manifestOf(join(ROOT, 'node_modules', name))).version;
  await copyPackages([...Object.keys(dependencies), ...further], folder);
  const own = { name: 'consumer', private: true, type: 'module', dependencies: asked };
  await writeFile(join(folder, 'package.json'), JSON.stringify(own));
  await run('npm', ['ls', '--all', '--offline'], { cwd: folder });
}

async function copyPackages(names: readonly string[], folder: string): Promise<void> {
  const copied = new Set<string>();
  const copy = async (name: string): Promise<void> => {
    if (copied.has(name)) return;
    copied.add(name);
    const from = join(ROOT, 'node_modules', name);
    await cp(from, join(folder, 'node_modules', name), { recursive: true });
    await copyNeeds(from);
    for await (const nested of glob('node_modules/{*,@*/*}/package.json', { cwd: from })) {
      await copyNeeds(join(from, nested, '..'), from);
    }
  };
  /** What a package needs is beside it, or was copied with the package in which it lies. */
  const copyNeeds = async (from: string, holder = from): Promise<void> => {
    for (const name of Object.keys((await manifestOf(from)).dependencies ?? {})) {
      if (!(await isThere(join(holder, 'node_modules', name)))) await copy(name);
    }
  };
  for (const name of names) await copy(name);
}

const manifestOf = async (folder: string): Promise<Manifest> =>
  JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Manifest;

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** The size of a project's packages in MiB: of their files, as npm counts it, and on a disk with blocks of 4 KiB. */
export async function installedSize(folder: string): Promise<{ mib: number; onDiskMib: number }> {
  let bytes = 0;
  let blocks = 0;
  for await (const path of glob('node_modules/**/*', { cwd: folder })) {
    const found = await stat(join(folder, path));
    if (!found.isFile()) continue;
    bytes += found.size;
    blocks += Math.ceil(found.size / BLOCK_BYTES);
  }
  return { mib: bytes / MIB, onDiskMib: (blocks * BLOCK_BYTES) / MIB };
}
