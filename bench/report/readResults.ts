import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Result } from './makeReport.ts';

/** The last results that were kept, by name. */
export async function readResults(folder: string): Promise<Result[]> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.json')).sort();
  return Promise.all(
    files.map(async (name) => JSON.parse(await readFile(join(folder, name), 'utf8')) as Result),
  );
}
