/** The functions of an earlier release, built from its commit. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../../dev/platform.ts';

/**
 * The last commit before an account became a union of states with a lease of its own. Its rows and caches are those of
 * every deployment so far, so it is the release that runs beside this one during an update, and after a rollback.
 */
const PREVIOUS_RELEASE = '7ef6808296be4398232d21bee8168bb3a0f015a9';

export type BuiltRelease = {
  /** The app's folder, the one with host.json. */
  root: string;
  remove(): Promise<void>;
};

/**
 * Builds in the system's temporary folder: no tool of this repository looks there, and Node runs no TypeScript below a
 * folder called node_modules. The packages are the installed ones, so only Stead's own code differs.
 * @throws Error that says what to do if the commit is not in this clone
 */
export async function buildPreviousRelease(commit: string = PREVIOUS_RELEASE): Promise<BuiltRelease> {
  await expectCommit(commit);
  const folder = await mkdtemp(join(tmpdir(), 'stead-previous-'));
  const remove = () => rm(folder, { recursive: true, force: true });
  const root = join(folder, 'tree');
  try {
    // An index of its own keeps the export out of what `git status` says.
    const env = { ...process.env, GIT_INDEX_FILE: join(folder, 'index') };
    await git(['read-tree', commit], env);
    await git(['checkout-index', '--all', `--prefix=${root}/`], env);
    await linkPackages(root);
    await run(process.execPath, [join(root, 'dev/build.ts'), '--functions'], { cwd: root });
    return { root, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function expectCommit(commit: string): Promise<void> {
  try {
    await git(['cat-file', '-e', `${commit}^{commit}`]);
  } catch (cause) {
    throw new Error(
      `The commit of the previous release, ${commit}, is not in this clone: get the whole history with "git fetch --unshallow".`,
      { cause },
    );
  }
}

/** Each installed package as it is, and the workspace packages from the tree itself. */
async function linkPackages(root: string): Promise<void> {
  const installed = join(ROOT, 'node_modules');
  const own = join(root, 'node_modules');
  await mkdir(join(own, '@stead'), { recursive: true });
  const names = (await readdir(installed)).filter((name) => !name.startsWith('.') && name !== '@stead');
  // A junction is what Windows lets everybody make. Other systems ignore the type.
  await Promise.all(names.map((name) => symlink(join(installed, name), join(own, name), 'junction')));
  await symlink(join(root, 'shared'), join(own, '@stead/shared'), 'junction');
}

const run = promisify(execFile);
const git = (args: readonly string[], env: NodeJS.ProcessEnv = process.env) =>
  run('git', [...args], { cwd: ROOT, env });
