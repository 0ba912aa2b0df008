/** What each command says to a command line that it cannot understand, and to `--help`: before it builds anything. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { cp, mkdtemp, readdir, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from '../../../dev/platform.ts';

const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};

const PARTS = ['bench', 'dev', 'functions', 'infra', 'ops', 'shared', 'spa', 'test/support', 'package.json'];

/** The project without anything built: whoever builds or starts something leaves a trace here. */
let project: string;
beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'stead-commands-'));
  for (const part of PARTS) {
    await cp(join(ROOT, part), join(project, part), { recursive: true });
  }
  await symlink(join(ROOT, 'node_modules'), join(project, 'node_modules'), 'junction');
});
afterAll(() => rm(project, { recursive: true, force: true }));

/** Runs a script of package.json as npm does, without a shell. */
async function run(script: string, args: readonly string[], env: Record<string, string> = {}) {
  const [, ...words] = (scripts[script] ?? '').split(' ');
  const child = spawn(process.execPath, [...words, ...args], {
    cwd: project,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [[code], stdout, stderr] = await Promise.all([
    once(child, 'exit'),
    text(child.stdout),
    text(child.stderr),
  ]);
  return { code, stdout, stderr };
}

const COMMANDS: [script: string, before: string[], usage: string][] = [
  ['start', [], 'Usage: npm start -- [options]\n'],
  ['start:azure', [], 'Usage: npm start -- [options]\n'],
  ['demo', [], 'Usage: npm run demo -- [options]\n'],
  ['bench', ['seal'], 'Usage: npm run bench -- NAME|all [options]\n'],
  ['host', ['folder'], 'Usage: npm run host -- [app folder] [options]\n'],
  ['stead', ['orphans'], 'Usage: npm run stead -- <verb> [options]\n'],
  ['doctor', [], 'Usage: npm run doctor -- [options]\n'],
  ['entra:register', [], 'Usage: npm run entra:register -- [options]\n'],
  ['entra:cleanup', [], 'Usage: npm run entra:cleanup -- [options]\n'],
  ['screenshots', [], 'Usage: npm run screenshots -- [options]\n'],
  ['build', [], 'Usage: npm run build\n'],
  ['package', [], 'Usage: npm run package [-- --no-check]\n'],
  ['azure:register', [], 'Usage: npm run azure:register\n'],
  ['azure:handover', [], 'Usage: npm run azure:handover [-- --lines]\n'],
  ['azure:secrets', [], 'Usage: npm run azure:secrets [-- --wait SECONDS]\n'],
  ['azure:page', [], 'Usage: npm run azure:page [-- --folder FOLDER]\n'],
  ['azure:smoke', [], 'Usage: npm run azure:smoke [-- --wait SECONDS] [--http-only]\n'],
];

describe.each(COMMANDS)('npm run %s', (script, before, usage) => {
  it.each(
    [['--prot', '1'], ['-x'], ['extra'], ['--json=no', '--help=yes']].map((args) => [args]),
  )('answers %j with one line, its usage and code 2', async (args) => {
    const { code, stdout, stderr } = await run(script, [...before, ...args]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    const [line, empty, ...rest] = stderr.split('\n');
    expect(line).toMatch(/^\S.*\.$/);
    expect(empty).toBe('');
    expect(rest.join('\n').startsWith(usage)).toBe(true);
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  it('answers --help with its usage and code 0', async () => {
    const { code, stdout, stderr } = await run(script, [...before, '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.startsWith(usage)).toBe(true);
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });
});

describe('a command that builds first', () => {
  it.each<[string, string[], Record<string, string>, RegExp]>([
    ['start', [], { STEAD_WEB_PORT: '70000' }, /^STEAD_WEB_PORT is not a port: .+\n\nUsage: /],
    [
      'start',
      [],
      { STEAD_WEB_PORT: '7071' },
      /^STEAD_WEB_PORT and STEAD_FUNCTIONS_PORT are both 7071: .+\n\nUsage: /,
    ],
    ['demo', ['--pick', 'adele,bruno,nobody'], {}, /^--pick: there is no user "nobody"\. .+\n\nUsage: /],
    ['demo', ['--credential', 'password'], {}, /^--credential must be one of secret, .+\n\nUsage: /],
    [
      'demo',
      ['--shared-client', '--credential', 'secret'],
      {},
      /^--credential does not go with .+\n\nUsage: /,
    ],
    ['demo', ['--shared-client', '--pick', 'adele,bruno,dana'], {}, /^--pick does not go with .+\n\nUsage: /],
  ])('%s %j %j says what is wrong, with code 2', async (script, args, env, said) => {
    const { code, stdout, stderr } = await run(script, args, env);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(said);
  });

  it('says that settings are missing, with code 1', async () => {
    const { code, stdout, stderr } = await run('start:azure', []);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^There is no local\.settings\.json\. .+\n$/);
  });
});

describe('none of these', () => {
  it('built, made or started anything', async () => {
    const copied = PARTS.map((part) => part.split('/')[0] ?? part);
    expect((await readdir(project)).sort()).toEqual(['node_modules', ...copied].sort());
  });
});
