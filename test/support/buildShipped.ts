/** The functions as they are shipped. What an adopter has added would change what tests hold of a whole connection. */
import { copyFile, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildFunctions } from '../../dev/buildFunctions.ts';
import { ROOT } from '../../dev/platform.ts';
import { shippedMain } from './mainFile.ts';

const TASKS = "import { tasksOf } from './refreshWorker/tasks.ts';";
const SHIPPED_TASKS = "import { shippedTasks as tasksOf } from '../shared/graphTasks/shippedTasks.ts';";

/** Builds them without an adopter's functions and tasks. @returns a folder for the local host, which the caller removes */
export async function buildShipped(main = shippedMain()): Promise<string> {
  if (!main.includes(TASKS)) throw new Error(`functions/main.ts has to have this line: ${TASKS}`);
  const folder = await mkdtemp(join(tmpdir(), 'stead-shipped-'));
  await buildFunctions(folder, main.replace(TASKS, SHIPPED_TASKS));
  await copyFile(join(ROOT, 'host.json'), join(folder, 'host.json'));
  await writeFile(join(folder, 'package.json'), JSON.stringify({ type: 'module', main: 'main.js' }));
  return folder;
}
