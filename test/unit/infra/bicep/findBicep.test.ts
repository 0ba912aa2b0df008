import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { findBicep, pinnedVersion } from '../../../../infra/bicep/findBicep.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stead-bicep-'));
  vi.stubEnv('PATH', folder);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

function program(name: string, says: string): void {
  const file = join(folder, name);
  writeFileSync(file, `#!/bin/sh\necho '${says}'\n`);
  chmodSync(file, 0o700);
}
const bicep = (version: string) => program('bicep', `Bicep CLI version ${version} (0123456789)`);

describe.skipIf(process.platform !== 'linux' || process.arch !== 'x64')('findBicep', () => {
  it('takes what is on the PATH if it is the pinned version', async () => {
    bicep(await pinnedVersion());
    program('dotnet', '8.0.112');
    expect(await findBicep()).toBe('bicep');
  });

  it('takes the pinned version of NuGet rather than another one on the PATH', async () => {
    bicep('0.33.93');
    program('dotnet', '8.0.112');
    expect(await findBicep()).toContain(`/${await pinnedVersion()}/`);
  });
});
