import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { spawnHost } from '../../../dev/host/spawnHost.ts';
import { ROOT, startPlatform } from '../../../dev/platform.ts';
import { signIn } from '../../support/entraClients.ts';

describe('the functions', () => {
  it('do not start without their settings, and the host says which and how to mend them', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'stead-bad-input-'));
    const starting = spawnHost({
      root: ROOT,
      port: 0,
      settings: false,
      timerStatus: join(folder, 'timers.json'),
      env: {
        ENTRA_TENANT_ID: 'contoso',
        ENTRA_CLIENT_ID: 'api://stead',
        ENTRA_AUTHORITY: 'http://elsewhere.example',
      },
    });
    const said = await starting.then(
      () => 'started',
      (error: Error) => error.message,
    );
    for (const setting of [
      /ENTRA_TENANT_ID: is not a GUID/,
      /ENTRA_CLIENT_ID: is not a GUID.+App ID URI/,
      /ENTRA_CLIENT_SECRET: is missing/,
      /ENTRA_AUTHORITY: would send tokens over plain http/,
      /TokenStore: is missing.+UseDevelopmentStorage=true/,
      /TOKEN_CACHE_KEYS: .+JWK Set/,
      /LOG_HASH_KEY: is missing/,
    ]) {
      expect(said).toMatch(setting);
    }
    expect(said).not.toContain('elsewhere.example');
    // Not the line of the minified file that threw.
    expect(said.length).toBeLessThan(5_000);
    await rm(folder, { recursive: true, force: true });
  });

  it('name the setting when storage cannot be reached, answer all the same, and keep nothing', async () => {
    const platform = await startPlatform({ timers: false, withoutWeb: true });
    try {
      const { accessToken } = await signIn(platform.entra, 'adele', { spaOrigin: platform.webOrigin });
      await platform.azurite.stop();
      const response = await fetch(`${platform.host.origin}/api/profile`, {
        headers: { authorization: `Bearer ${accessToken}` },
      });
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject({ givenName: 'Adele' });
      const lines = () => platform.host.lines.join('\n');
      await expect.poll(lines).toMatch(/"event":"account.not-recorded".+accounts|UnavailableError/);
      expect(await platform.host.run('refreshWorker')).toBe('succeeded');
      await expect.poll(lines).toContain('"event":"sweep.shard-failed"');

      const again = await spawnHost({ root: ROOT, port: 0, settings: false, env: platform.settings });
      try {
        for (let waited = 0; waited < 15_000 && !said(again.lines, 'storage.unreachable'); waited += 100) {
          await sleep(100);
        }
        expect(said(again.lines, 'storage.unreachable')).toMatch(
          /"setting":"TokenStore","remedy":"Start Azurite/,
        );
      } finally {
        await again.stop();
      }
    } finally {
      await platform.stop();
    }
  });
});

const said = (lines: readonly string[], event: string): string | undefined =>
  lines.find((line) => line.includes(`"event":"${event}"`));
