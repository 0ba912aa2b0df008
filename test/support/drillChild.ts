/** Runs acts of a drill in child processes that are killed at one of their calls. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import type { Act } from './drillApp.ts';

/** Before anything of the n-th call is sent, or after its answer and before the program hears of it. */
export type Kill = { moment: 'before' | 'after'; call: number };

export type DrillChild = {
  /**
   * Performs `act` and is killed at that call, if it gets there; answers how many calls it made, and undefined when
   * it was killed.
   * @throws Error with what the child said when it failed by itself.
   */
  run(environment: Record<string, string>, act: Act, kill?: Kill): Promise<number | undefined>;
  remove(): Promise<void>;
};

/** Bundled once, because to load all modules takes longer than most acts. */
export async function buildDrillChild(): Promise<DrillChild> {
  const folder = await mkdtemp(join(tmpdir(), 'stead-drill-'));
  const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
  await build({
    entryPoints: { killSelfAt: at('./killSelfAt.ts'), drillProcess: at('../drills/drillProcess.ts') },
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node22',
    external: ['@azure/functions-core'],
    banner: {
      js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
    },
    logLevel: 'warning',
  });
  const preload = pathToFileURL(join(folder, 'killSelfAt.mjs')).href;
  const program = join(folder, 'drillProcess.mjs');

  return {
    run: (environment, act, kill) =>
      new Promise((resolve, reject) => {
        const killAt = kill === undefined ? {} : { KILL_SELF_AT: `${kill.moment} ${kill.call}` };
        execFile(
          process.execPath,
          ['--import', preload, program, JSON.stringify(act)],
          { env: { ...environment, ...killAt }, timeout: 60_000 },
          (error, stdout, stderr) => {
            if (error === null) resolve(Number(stdout.trim().split('\n').at(-1)));
            else if (error.signal === 'SIGKILL') resolve(undefined);
            else reject(new Error(`the child failed by itself:\n${stderr}`, { cause: error }));
          },
        );
      }),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
