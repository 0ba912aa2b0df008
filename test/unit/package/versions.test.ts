import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
const versionIn = (path: string) => (JSON.parse(read(path)) as { version: string }).version;

it('the repository, its package, the lock file and the documents name one version', () => {
  const { packages } = JSON.parse(read('package-lock.json')) as {
    packages: Record<string, { version: string }>;
  };
  const [, newest] = /^## \[(\d[^\]]*)\]/m.exec(read('CHANGELOG.md')) ?? [];
  const [, compared] = /^\| Stead \|.*\| ([^|]+) \|$/m.exec(read('docs/compared.md')) ?? [];
  expect({
    package: versionIn('shared/package.json'),
    lock: [packages['']?.version, packages.shared?.version],
    changelog: newest,
    compared,
  }).toEqual({
    package: versionIn('package.json'),
    lock: [versionIn('package.json'), versionIn('package.json')],
    changelog: versionIn('package.json'),
    compared: versionIn('package.json'),
  });
});
