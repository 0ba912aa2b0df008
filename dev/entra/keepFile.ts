/** Small files that keep data between runs. Only their owner can read them. */
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Undefined if there is no such file. */
export async function readKept(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
}

export async function keepFile(path: string, content: unknown): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  // The file is written under another name and then renamed, so that nobody ever reads half a file.
  const draft = `${path}.${randomUUID()}.tmp`;
  await writeFile(draft, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  await rename(draft, path);
}
