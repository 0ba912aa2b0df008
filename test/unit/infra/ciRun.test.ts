/** `.ci/run`, with an npm that does nothing. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const RUN = fileURLToPath(new URL('../../../.ci/run', import.meta.url));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stead-ci-'));
  symlinkSync('/usr/bin/dirname', join(folder, 'dirname'));
  program('npm', 'echo "npm $*"');
});
afterEach(() => rmSync(folder, { recursive: true }));

function program(name: string, does: string): void {
  const file = join(folder, name);
  writeFileSync(file, `#!/bin/sh\n${does}\n`);
  chmodSync(file, 0o700);
}

function run(env: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync('/bin/bash', [RUN], {
    env: { PATH: folder, ...env },
    encoding: 'utf8',
  });
  return { status, did: stdout.trim().split('\n'), stderr };
}

describe.skipIf(process.platform === 'win32')('.ci/run', () => {
  it.each(['bicep', 'dotnet'])('compiles the templates where there is %s', (name) => {
    program(name, 'true');
    expect(run({ CI: 'true' })).toEqual({
      status: 0,
      did: ['npm ci', 'npm run check:infra', 'npm test', 'npm run test:all'],
      stderr: '',
    });
  });

  it('says at its end that it did not compile them', () => {
    const { status, did, stderr } = run();
    expect([status, did]).toEqual([0, ['npm ci', 'npm test', 'npm run test:all']]);
    expect(stderr).toMatch(/^The templates were NOT compiled: .*\n$/);
  });

  it('fails at once on a build machine that cannot compile them', () => {
    const { status, did, stderr } = run({ CI: 'true' });
    expect([status, did]).toEqual([1, ['']]);
    expect(stderr).toMatch(/^The templates cannot be compiled: .*\n$/);
  });
});
