import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { PlainError } from './runCommand.ts';

const BUILD = fileURLToPath(new URL('./build.ts', import.meta.url));

/**
 * Builds in a process of its own, because Vite changes the environment of the process that it runs in. What the build
 * says goes to stderr: stdout belongs to the command.
 * @param flags of `npm run build`.
 * @throws {PlainError} the build failed.
 */
export async function runBuild(...flags: string[]): Promise<void> {
  const build = spawn(process.execPath, [BUILD, ...flags], { stdio: ['ignore', 2, 2] });
  const [code] = await once(build, 'exit');
  if (code !== 0) throw new PlainError('The build failed. The lines above say why.');
}
