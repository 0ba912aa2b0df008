import { execFile } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const HOOKS = fileURLToPath(new URL('../../../infra/hooks/', import.meta.url));

/** Runs a hook with these variables alone, beside what Node needs. `env.PATH` is where it finds `az`. */
export function runHook(
  name: string,
  env: Record<string, string>,
  args: readonly string[] = [],
): Promise<{ code: number; stdout: string; stderr: string }> {
  const { TMPDIR, NODE_V8_COVERAGE } = process.env;
  const inherited = { ...(TMPDIR && { TMPDIR }), ...(NODE_V8_COVERAGE && { NODE_V8_COVERAGE }) };
  const all = { PATH: dirname(process.execPath), ...inherited, ...env };
  return new Promise((resolve) => {
    execFile(process.execPath, [`${HOOKS}${name}.ts`, ...args], { env: all }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}
