import { execFile } from 'node:child_process';
import { cp, glob, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const BIOME = createRequire(import.meta.url).resolve('@biomejs/biome/bin/biome');

type Room = { allowed: string[]; refused: string[] };

/** A file that could stand in each room, and what it may and may not import. */
const ROOMS: Record<string, Room> = {
  'shared/wire.ts': { allowed: [], refused: ['./errors.ts', 'jose', 'node:crypto'] },
  'shared/errors.ts': { allowed: [], refused: ['./wire.ts', 'jose'] },
  'shared/userId.ts': { allowed: ['node:crypto'], refused: ['./errors.ts', 'jose', 'node:fs'] },
  'shared/ports.ts': {
    allowed: ['./wire.ts', './errors.ts', './userId.ts'],
    refused: ['./log.ts', './rules/schedule.ts', '@azure/msal-node'],
  },
  'shared/cooldowns.ts': {
    allowed: ['./ports.ts', './errors.ts', './userId.ts', './rules/schedule.ts'],
    refused: ['./compose.ts', './adapters/tableTenants.ts', '../functions/refreshWorker/sweep.ts'],
  },
  'shared/storedCooldowns.ts': {
    allowed: ['./cooldowns.ts', './log.ts', './ports.ts'],
    refused: ['./adapters/tableTenants.ts', './assertionMemo.ts'],
  },
  'shared/tokenBuckets.ts': {
    allowed: ['./errors.ts', './userId.ts'],
    refused: ['./config.ts', 'node:timers'],
  },
  'shared/requestLimits.ts': { allowed: ['./tokenBuckets.ts'], refused: ['./config.ts', './compose.ts'] },
  'shared/connectAccount.ts': {
    allowed: ['./ports.ts', './errors.ts', './rules/schedule.ts'],
    refused: ['./compose.ts', './adapters/msal.ts', '../functions/profile/visit.ts'],
  },
  'shared/endAccount.ts': {
    allowed: ['./ports.ts', './errors.ts', './userId.ts', './rules/schedule.ts'],
    refused: ['./compose.ts', './adapters/msal.ts', 'jose'],
  },
  'ops/some.ts': {
    allowed: ['../shared/compose.ts', '../shared/config.ts', '../shared/endAccount.ts', './other.ts'],
    refused: [
      '../shared/adapters/tableAccounts.ts',
      '../functions/profile/getProfile.ts',
      '../dev/platform.ts',
    ],
  },
  'shared/log.ts': { allowed: ['./errors.ts'], refused: ['./userId.ts', '@azure/functions'] },
  'shared/rules/some.ts': {
    allowed: ['./failures.ts', '../wire.ts', '../errors.ts', '../ports.ts', '../userId.ts'],
    refused: ['jose', 'node:fs', 'node:crypto', '../log.ts', '../config.ts', '../adapters/seal.ts'],
  },
  'shared/adapters/msalSome.ts': {
    allowed: ['@azure/msal-node', './seal.ts', '../rules/failures.ts', '../ports.ts', '../log.ts'],
    refused: ['jose', './blobTokenCache.ts', '../config.ts', '../compose.ts'],
  },
  'shared/withTimeout.ts': { allowed: [], refused: ['./errors.ts', 'node:timers'] },
  'shared/adapters/seal.ts': {
    allowed: ['jose', '../userId.ts'],
    refused: ['@azure/msal-node', '../config.ts'],
  },
  'shared/adapters/jwks.ts': {
    allowed: ['jose', '../errors.ts', './fetchKeys.ts'],
    refused: ['./msal.ts', '../compose.ts'],
  },
  'shared/adapters/customKeys.ts': {
    allowed: ['jose', '../errors.ts', './fetchKeys.ts'],
    refused: ['./msal.ts', '../compose.ts'],
  },
  'shared/adapters/fetchKeys.ts': { allowed: ['jose'], refused: ['./msal.ts', '../compose.ts'] },
  'shared/adapters/verifyToken.ts': {
    allowed: ['jose', '../errors.ts'],
    refused: ['./seal.ts', '../compose.ts'],
  },
  'shared/adapters/graph.ts': {
    allowed: ['@microsoft/microsoft-graph-client', '../wire.ts'],
    refused: ['jose', './msal.ts'],
  },
  'shared/adapters/blobSome.ts': {
    allowed: ['@azure/storage-blob', '../ports.ts'],
    refused: ['@azure/data-tables', './seal.ts'],
  },
  'shared/adapters/tableSome.ts': {
    allowed: ['@azure/data-tables', '../userId.ts'],
    refused: ['@azure/storage-blob', './seal.ts'],
  },
  'shared/adapters/storageSome.ts': {
    allowed: ['../errors.ts', '../rules/isLoopback.ts'],
    refused: ['@azure/storage-blob', '@azure/data-tables', './tableRows.ts'],
  },
  'shared/settingsReader.ts': {
    allowed: ['./errors.ts', './userId.ts', './rules/isLoopback.ts'],
    refused: ['./config.ts', './adapters/seal.ts', 'node:crypto'],
  },
  'shared/config.ts': {
    allowed: [
      './adapters/seal.ts',
      './adapters/blobTokenCache.ts',
      './adapters/tableRows.ts',
      './settingsReader.ts',
      'node:crypto',
    ],
    refused: ['./compose.ts', './adapters/msal.ts', './adapters/tableAccounts.ts'],
  },
  'shared/compose.ts': {
    allowed: ['./adapters/msal.ts', './config.ts', './ports.ts'],
    refused: ['../functions/profile/getProfile.ts', '@azure/storage-blob'],
  },
  'functions/some/handler.ts': {
    allowed: ['./useCase.ts', '../http.ts', '@azure/functions'],
    refused: ['../profile/getProfile.ts', '../../shared/compose.ts', '../../shared/adapters/msal.ts'],
  },
  'functions/some/useCase.ts': {
    allowed: ['../../shared/rules/schedule.ts', '../../shared/ports.ts', '../../shared/wire.ts'],
    refused: [
      '../http.ts',
      '../profile/getProfile.ts',
      '../../shared/config.ts',
      '../../shared/adapters/msal.ts',
      '@azure/functions',
    ],
  },
  'functions/http.ts': {
    allowed: ['@azure/functions', '../shared/errors.ts', '../shared/wire.ts'],
    refused: ['../shared/ports.ts', './profile/getProfile.ts', '../shared/adapters/msal.ts'],
  },
  'functions/main.ts': {
    allowed: ['@azure/functions', '../shared/compose.ts', '../shared/config.ts', './profile/handler.ts'],
    refused: ['../shared/adapters/msal.ts', './profile/getProfile.ts'],
  },
  'dev/entra/some.ts': {
    allowed: ['jose', 'hono', 'node:http'],
    refused: ['../../shared/wire.ts', '../host/cors.ts'],
  },
  'dev/host/some.ts': {
    allowed: ['@azure/functions-core', 'node:http', './cors.ts', '../readArguments.ts'],
    refused: ['@azure/functions', '../../functions/main.ts', '../entra/keys.ts', '../runCommand.ts'],
  },
  'spa/src/some.ts': {
    allowed: ['react', './other.ts', '../../shared/wire.ts'],
    refused: ['../../shared/errors.ts', '../../functions/http.ts', '../../dev/platform.ts'],
  },
};

/** The imports that the project's own Biome settings refuse, for files with these imports at these paths. */
async function refusedImports(files: Record<string, string[]>): Promise<Record<string, string[]>> {
  const project = await mkdtemp(join(tmpdir(), 'stead-imports-'));
  try {
    await cp(join(ROOT, 'biome.json'), join(project, 'biome.json'));
    for (const [path, imports] of Object.entries(files)) {
      await mkdir(dirname(join(project, path)), { recursive: true });
      await writeFile(join(project, path), imports.map((from) => `import '${from}';\n`).join(''));
    }
    const options = ['lint', '--vcs-enabled=false', '--reporter=json', '--max-diagnostics=none', '.'];
    const run = promisify(execFile)(process.execPath, [BIOME, ...options], {
      cwd: project,
      maxBuffer: 2 ** 26,
    });
    // It ends with 1 where it finds something.
    const { stdout } = await run.catch((error: { stdout: string }) => error);
    const refused: Record<string, string[]> = {};
    for (const { category, location } of (JSON.parse(stdout) as Report).diagnostics) {
      if (category !== 'lint/style/noRestrictedImports') continue;
      const path = location.path.replaceAll('\\', '/');
      refused[path] = [...(refused[path] ?? []), files[path]?.[location.start.line - 1] ?? 'not one of ours'];
    }
    return refused;
  } finally {
    await rm(project, { recursive: true });
  }
}

type Report = {
  diagnostics: { category: string; location: { path: string; start: { line: number } } }[];
};

describe('the import table', async () => {
  const refused = await refusedImports(
    Object.fromEntries(
      Object.entries(ROOMS).map(([path, room]) => [path, [...room.allowed, ...room.refused]]),
    ),
  );

  it.each(Object.entries(ROOMS))('holds in %s', (path, room) => {
    expect(refused[path]?.sort()).toEqual(room.refused.sort());
  });

  it('has a room for every file of the app', async () => {
    const files: Record<string, string[]> = {};
    for (const root of ['shared', 'functions', 'ops', 'dev/host', 'dev/entra']) {
      for await (const file of glob(`${root}/**/*.ts`, { cwd: ROOT })) {
        files[file.replaceAll('\\', '/')] = ['a-package-of-nobody'];
      }
    }
    expect(Object.keys(files)).toContain('functions/main.ts');
    expect(Object.keys(await refusedImports(files)).sort()).toEqual(Object.keys(files).sort());
  });
});
