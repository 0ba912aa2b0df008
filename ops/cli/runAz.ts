import { execFile } from 'node:child_process';

/** `az` is a Python program, and may have to ask Entra. */
export const AZ_TIMEOUT_MS = 30_000;

/** What `az` left behind: its output, and the reason if it failed. */
export type AzResult = { stdout: string; stderr: string; failed?: { code?: unknown; killed?: boolean } };

/**
 * Runs the Azure CLI. No shell reads the command. On Windows `az` is a batch file, which only the command interpreter can
 * run; it is started in the system's folder, because it looks for programs in the current one first.
 */
export function runAz(args: readonly string[]): Promise<AzResult> {
  const { ComSpec = 'cmd.exe', SystemRoot } = process.env;
  const [program, all] =
    process.platform === 'win32' ? [ComSpec, ['/d', '/c', 'az', ...args]] : ['az', [...args]];
  const cwd = process.platform === 'win32' ? SystemRoot : undefined;
  return new Promise((resolve) => {
    execFile(program, all, { cwd, timeout: AZ_TIMEOUT_MS, windowsHide: true }, (failed, stdout, stderr) =>
      resolve({ stdout, stderr, ...(failed && { failed }) }),
    );
  });
}

/** True if the program is not there. The command interpreter of Windows then ends with 9009. */
export const isAzMissing = ({ failed, stderr }: AzResult): boolean =>
  failed?.code === 'ENOENT' || failed?.code === 9009 || /is not recognized as/.test(stderr);
