import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { buildFunctions } from '../../dev/buildFunctions.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** An application that is measured. `plain` is the usual way as a bundler builds it if it is told nothing. */
export type Subject = 'stead' | 'bareFloor' | 'mandatedFloor' | 'usualWay' | 'usualWayPlain';

/** Notes what it takes to load the application, before the host goes on. */
const START = `const [begun, cpu] = [performance.now(), process.cpuUsage()];
await import('./main.js');
const { user, system } = process.cpuUsage(cpu);
const all = process.cpuUsage();
globalThis.load = {
  ms: performance.now() - begun,
  cpuMs: (user + system) / 1_000,
  endedAtCpuMs: (all.user + all.system) / 1_000,
};
`;

/** Builds a subject into a folder from which the local host can run it. */
export async function buildSubject(subject: Subject, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await copyFile(join(ROOT, 'host.json'), join(folder, 'host.json'));
  await writeFile(join(folder, 'package.json'), JSON.stringify({ type: 'module', main: 'start.js' }));
  await bundleOf(subject, folder);
  await writeFile(join(folder, 'start.js'), START);
}

async function bundleOf(subject: Subject, folder: string): Promise<void> {
  const appOf = (name: string) => `../bench/profile/apps/${name}.ts`;
  if (subject === 'usualWayPlain') return buildPlainly(join(ROOT, 'bench/profile/apps/usualWay.ts'), folder);
  if (subject !== 'stead') return void (await buildFunctions(folder, `import '${appOf(subject)}';`));
  const main = await readFile(join(ROOT, 'functions/main.ts'), 'utf8');
  await buildFunctions(folder, `import '${appOf('usage')}';\n${main}`);
}

async function buildPlainly(entry: string, folder: string): Promise<void> {
  await build({
    absWorkingDir: ROOT,
    entryPoints: { main: entry },
    outdir: folder,
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
}
