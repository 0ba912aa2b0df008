import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { registeredFunctions } from '../../../../ops/cli/registeredFunctions.ts';

const MAIN = fileURLToPath(new URL('../../../../functions/main.ts', import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stead-functions-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function read(source: string) {
  const file = join(folder, 'main.ts');
  await writeFile(file, source);
  return registeredFunctions(file);
}

describe('registeredFunctions', () => {
  it('finds every registration of the entry file', async () => {
    const source = await readFile(MAIN, 'utf8');
    const functions = await registeredFunctions(MAIN);
    expect(functions).toHaveLength(source.match(/\bapp\.(?!hook)\w+\(/g)?.length ?? 0);
    expect(functions).toContainEqual({
      name: 'connection',
      mayBeAbsent: false,
      http: { methods: ['GET', 'PUT', 'DELETE'], route: 'connection' },
    });
    expect(functions).toContainEqual({ name: 'refreshWorker', mayBeAbsent: false });
  });

  it('reads a registration of one line and one of several', async () => {
    const line = `app.http('b', { methods: ['GET'], authLevel, route: 'b/c', handler });\n`;
    const lines = `app.storageQueue('a', {\n  queueName: 'work',\n  handler: create(stead),\n});\n`;
    expect(await read(line + lines)).toEqual([
      { name: 'a', mayBeAbsent: false },
      { name: 'b', mayBeAbsent: false, http: { methods: ['GET'], route: 'b/c' } },
    ]);
  });

  it('knows what is registered under a condition', async () => {
    const source = `if (!isOff) {\n  app.http('a', { methods: ['POST'], route: 'a', handler });\n}\n`;
    expect(await read(source)).toEqual([
      { name: 'a', mayBeAbsent: true, http: { methods: ['POST'], route: 'a' } },
    ]);
  });

  it.each([
    `app.http('a', { methods: ['GET'], handler });`,
    `app.http('a', { route: 'a', handler });`,
  ])('refuses a registration that leaves something to a default: %s', async (source) => {
    await expect(read(source)).rejects.toThrow(/the function "a" has to name its methods and its route\.$/);
  });
});
