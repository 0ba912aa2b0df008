/** What the library offers by its package's name. */
import { exec } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const SHARED = fileURLToPath(new URL('../../../shared/', import.meta.url));
type Versions = Record<string, string>;
const { exports, scripts, dependencies, peerDependencies, peerDependenciesMeta } = JSON.parse(
  readFileSync(`${SHARED}package.json`, 'utf8'),
) as {
  exports: Record<string, string>;
  scripts: { prepack: string };
  dependencies: Versions;
  peerDependencies: Versions;
  peerDependenciesMeta: Record<string, { optional: boolean }>;
};

const partsOf = (range: string) => range.replace('^', '').split('.').map(Number);
const majorOf = (range: string) => partsOf(range)[0];
/** Whether one begins with an earlier version of the same major one. */
const isOlder = (one: string, other: string): boolean => {
  const [, minor = 0, patch = 0] = partsOf(one);
  const [, otherMinor = 0, otherPatch = 0] = partsOf(other);
  return minor < otherMinor || (minor === otherMinor && patch < otherPatch);
};

describe('the package of the library', () => {
  it.each(Object.entries(exports))('has files behind %s', (_subpath, target) => {
    expect(globSync(target, { cwd: SHARED })).not.toEqual([]);
  });

  it('offers the door, and what tests need', async () => {
    expect(await import('@stead/shared')).toHaveProperty('createStead');
    expect(await import('@stead/shared/config')).toHaveProperty('readConfig');
    expect(await import('@stead/shared/http')).toHaveProperty('createFetchHandlers');
    expect(await import('@stead/shared/node')).toHaveProperty('nodeListener');
    expect(await import('@stead/shared/functions')).toHaveProperty('createFunctionHandlers');
    expect(await import('@stead/shared/stores/azure')).toHaveProperty('azureStores');
    expect(await import('@stead/shared/stores/memory')).toHaveProperty('memoryStores');
    expect(await import('@stead/shared/defineApi')).toHaveProperty('defineApi');
    expect(await import('@stead/shared/defineFunction')).toHaveProperty('defineFunction');
    expect(await import('@stead/shared/defineTask')).toHaveProperty('defineTask');
    expect(await import('@stead/shared/graph')).toHaveProperty('graph');
    expect(await import('@stead/shared/graphTasks/readProfile')).toHaveProperty('readProfile');
    expect(await import('@stead/shared/graphTasks/driveChanges')).toHaveProperty('driveChanges');
    expect(await import('@stead/shared/graphTasks/inboxDigest')).toHaveProperty('inboxDigest');
    expect(await import('@stead/shared/graphTasks/followDelta')).toHaveProperty('followDelta');
    expect(await import('@stead/shared/testing/localApp')).toHaveProperty('createLocalApp');
    expect(await import('@stead/shared/testing')).toHaveProperty('startEntra');
    expect(await import('@stead/shared/testing/testClock')).toHaveProperty('createTestClock');
  });

  it('names every package that its files import, and no other', () => {
    const imported = globSync(['**/*.ts', '../dev/entra/**/*.ts'], { cwd: SHARED }).flatMap((file) =>
      [...readFileSync(`${SHARED}${file}`, 'utf8').matchAll(/from '((?:@[\w-]+\/)?[\w-]+)/g)].flatMap(
        ([, name = '']) => (name === 'node' ? [] : name),
      ),
    );
    expect([...new Set(imported)].sort()).toEqual(
      Object.keys({ ...dependencies, ...peerDependencies }).sort(),
    );
  });

  it('is not packed from its sources, and says how it is made', async () => {
    await expect(promisify(exec)(scripts.prepack, { cwd: SHARED })).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('npm run build:package, then npm pack ./dist/library'),
    });
  });

  it('needs no store, no server and no stand-in before somebody uses it', () => {
    const optional = Object.entries(peerDependenciesMeta).filter(([, { optional }]) => optional);
    expect(optional.map(([name]) => name)).toEqual(Object.keys(peerDependencies));
  });

  it('has the versions of the application, and also takes older ones of what it may stand beside', () => {
    const root = JSON.parse(readFileSync(`${SHARED}../package.json`, 'utf8')) as {
      dependencies: Versions;
      devDependencies: Versions;
    };
    const own = { ...root.dependencies, ...root.devDependencies };
    expect(own).toMatchObject(dependencies);
    expect({ ...dependencies, ...peerDependencies }).toMatchObject(
      Object.fromEntries(Object.keys(root.dependencies).map((name) => [name, expect.any(String)])),
    );
    for (const [name, range] of Object.entries(peerDependencies)) {
      const ours = own[name] ?? '';
      const lowest = range.split(' || ');
      expect(
        lowest.some((one) => majorOf(one) === majorOf(ours) && isOlder(one, ours)),
        name,
      ).toBe(true);
    }
  });
});
