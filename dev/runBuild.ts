import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { PlainError } from './runCommand.ts';

const BUILD = fileURLToPath(new URL('./build.ts', import.meta.url));

/**
 * Builds in a separate process, because Vite changes the environment of its process. The output of the build goes to
 * stderr, because stdout belongs to the command.
 * @param flags the options of `npm run build`
 * @throws {PlainError} The build failed.
 */
export async function runBuild(...flags: string[]): Promise<void> {
  const build = spawn(process.execPath, [BUILD, ...flags], { stdio: ['ignore', 2, 2] });
  const [code] = await once(build, 'exit');
  if (code !== 0) throw new PlainError('The build failed. The lines above say why.');
}
