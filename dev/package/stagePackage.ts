import { copyFile, mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildFunctions } from '../buildFunctions.ts';

const HOST_JSON = fileURLToPath(new URL('../../host.json', import.meta.url));

export type StagedFile = { name: string; bytes: number };

/**
 * Makes the package of the function app: a folder that can be deployed as it is. Azure reads `main` of the package.json at
 * its root, so that file is a smaller one than the project's own.
 * @param folder is emptied first.
 * @returns the files in it, by name.
 */
export async function stagePackage(folder: string): Promise<StagedFile[]> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await buildFunctions(folder);
  await copyFile(HOST_JSON, join(folder, 'host.json'));
  const description = { type: 'module', main: 'main.js' };
  await writeFile(join(folder, 'package.json'), `${JSON.stringify(description, undefined, 2)}\n`);
  const names = (await readdir(folder)).sort();
  return Promise.all(names.map(async (name) => ({ name, bytes: (await stat(join(folder, name))).size })));
}
