import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PlainError } from '../../ops/cli/errors.ts';
import { runProgram } from './runProgram.ts';

const PROJECT = fileURLToPath(new URL('bicep.csproj', import.meta.url));
const PACKAGES = fileURLToPath(new URL('../../node_modules/.cache/bicep/packages', import.meta.url));
const PACKAGE = 'Azure.Bicep.CommandLine.linux-x64';

/**
 * Finds the Bicep CLI: `bicep` on the PATH if it is the pinned version, or the pinned package of NuGet, which is fetched once
 * into node_modules/.cache. A machine that cannot fetch it uses another version on the PATH: build machines have one that
 * changes from week to week, and each version may find and make something else.
 * @returns a program that can be run
 * @throws {PlainError} there is neither.
 */
export async function findBicep(): Promise<string> {
  const version = await pinnedVersion();
  const onPath = await versionOf('bicep');
  if (onPath?.includes(` ${version} `)) return 'bicep';
  const pinned = join(PACKAGES, PACKAGE.toLowerCase(), version, 'tools/bicep');
  if (await isFile(pinned)) return pinned;
  if (onPath !== undefined && !(await isFetchable())) return 'bicep';
  await restore();
  return pinned;
}

/** The version that infra/bicep/bicep.csproj pins. */
export async function pinnedVersion(): Promise<string> {
  const [, version] = /Version="\[([^\]]+)\]"/.exec(await readFile(PROJECT, 'utf8')) ?? [];
  if (version === undefined) throw new Error('infra/bicep/bicep.csproj pins no version');
  return version;
}

async function restore(): Promise<void> {
  if (!(await isFetchable())) {
    throw new PlainError(
      `The Bicep CLI is missing: put "bicep" ${await pinnedVersion()} on the PATH or, on Linux x64, install the .NET SDK, with which this command gets it from NuGet.`,
    );
  }
  const { code, stdout, stderr } = await runProgram('dotnet', ['restore', PROJECT, '-nodeReuse:false']);
  if (code !== 0) throw new PlainError(`dotnet could not get the Bicep CLI from NuGet:\n${stdout}${stderr}`);
}

const isFetchable = async (): Promise<boolean> =>
  process.platform === 'linux' && process.arch === 'x64' && (await versionOf('dotnet')) !== undefined;

/** What a program says of its version; undefined if it is not on the PATH. */
async function versionOf(program: string): Promise<string | undefined> {
  try {
    const { code, stdout } = await runProgram(program, ['--version']);
    return code === 0 ? `${stdout.trim()} ` : undefined;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

const isFile = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
