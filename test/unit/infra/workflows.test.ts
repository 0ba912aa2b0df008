/** The workflows of GitHub Actions, which nothing but GitHub runs: what they may do, and what they run. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const FOLDER = `${ROOT}.github/workflows/`;

type Step = { uses?: string; run?: string; with?: Record<string, unknown>; if?: string };
type Job = {
  permissions?: Record<string, string>;
  environment?: unknown;
  if?: string;
  'timeout-minutes'?: number;
  env?: Record<string, string>;
  steps: Step[];
};
type Workflow = {
  on: Record<string, unknown>;
  permissions?: unknown;
  concurrency?: { group: string };
  jobs: Record<string, Job>;
};

const read = (name: string) => readFileSync(FOLDER + name, 'utf8');
const workflowOf = (source: string) => parse(source) as Workflow;

/** How GitHub writes a value that it puts into the text. */
const expression = (name: string) => `\${{ ${name} }}`;

/** What is wrong with a workflow whatever it is for. */
function faultsOf(source: string): string[] {
  const { on, permissions, concurrency, jobs } = workflowOf(source);
  const lines = source.split('\n');
  const uses = lines.filter((line) => /^\s*(?:- )?uses:/.test(line));
  const steps = Object.values(jobs).flatMap((job) => job.steps);
  const checkouts = steps.filter((step) => step.uses?.startsWith('actions/checkout@'));
  return [
    ...uses
      .filter((line) => !/uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(line))
      .map((line) => `no pin with its version: ${line.trim()}`),
    ...(JSON.stringify(permissions) === '{}' ? [] : ['permissions for every job']),
    ...(concurrency === undefined ? ['runs beside itself'] : []),
    ...Object.entries(jobs).flatMap(([name, job]) => [
      ...(job.permissions === undefined ? [`${name} does not say its permissions`] : []),
      ...(job['timeout-minutes'] === undefined ? [`${name} has no time-out`] : []),
    ]),
    ...['pull_request_target', 'workflow_run'].filter((event) => event in on),
    // What GitHub puts into a command is part of its text before a shell reads it. A variable of the environment is not.
    ...steps.filter(({ run = '' }) => run.includes('${{')).map(({ run }) => `an expression in: ${run}`),
    ...(/\bsecrets\b(?=[.[])/.test(source) ? ['a secret'] : []),
    ...checkouts
      .filter((step) => step.with?.['persist-credentials'] !== false)
      .map(() => 'a checkout that keeps its token'),
  ];
}

describe('the workflows', () => {
  const names = readdirSync(FOLDER);

  it('are two', () => {
    expect(names.sort()).toEqual(['deploy.yml', 'test.yml']);
  });

  it.each(names)('%s pins what it uses, and has no more rights than it says', (name) => {
    expect(faultsOf(read(name))).toEqual([]);
  });

  it.each<[string, string, string]>([
    ['a tag', '@3d3c42e5aac5ba805825da76410c181273ba90b1 # v7.0.1', '@v7'],
    ['a pin without its version', ' # v7.0.1', ''],
    ['rights for every job', 'permissions: {}', 'permissions: write-all'],
    ['a job that says no rights', '    permissions:\n      contents: read\n', ''],
    ['a trigger with the rights of the repository', '  pull_request:', '  pull_request_target:'],
    ['a title in a command', 'run: .ci/run', `run: echo ${expression('github.event.pull_request.title')}`],
    ['a secret', 'node-version: 22', `token: ${expression('secrets.TOKEN')}`],
    ['a token on the disk', 'persist-credentials: false', 'persist-credentials: true'],
    ['no time-out', '    timeout-minutes: 90\n', ''],
  ])('would be caught with %s', (_what, before, after) => {
    const source = read('test.yml');
    expect(source).toContain(before);
    expect(faultsOf(source.replace(before, after))).toHaveLength(1);
  });
});

describe('test.yml', () => {
  const { jobs, on } = workflowOf(read('test.yml'));

  it('runs everything with the whole history, and may only read', () => {
    const { permissions, steps } = jobs.test as Job;
    expect(permissions).toEqual({ contents: 'read' });
    expect(steps[0]?.with).toMatchObject({ 'fetch-depth': 0 });
    expect(steps.at(-1)?.run).toBe('.ci/run');
    expect(existsSync(`${ROOT}.ci/run`)).toBe(true);
    expect(Object.keys(on)).toEqual(['push', 'pull_request', 'workflow_dispatch']);
  });
});

describe('deploy.yml', () => {
  const { jobs, on } = workflowOf(read('deploy.yml'));
  const job = jobs.deploy as Job;

  it('starts only when a person starts it, in an environment, and from the main branch', () => {
    expect(Object.keys(on)).toEqual(['workflow_dispatch']);
    expect(Object.keys(jobs)).toEqual(['deploy']);
    expect(job.environment).toBe(expression('inputs.environment'));
    expect(job.if).toBe("github.ref == 'refs/heads/main'");
  });

  it('signs in with the token of GitHub, and may otherwise only read', () => {
    expect(job.permissions).toEqual({ contents: 'read', 'id-token': 'write' });
    const login = job.steps.find(({ uses }) => uses?.startsWith('Azure/login@'));
    expect(Object.keys(login?.with ?? {})).toEqual(['client-id', 'tenant-id', 'subscription-id']);
  });

  it('provisions if it is asked to, and then deploys, which ends with the smoke test', () => {
    const commands = job.steps.flatMap(({ run, if: condition }) =>
      run?.startsWith('azd p') || run?.startsWith('azd d') ? [[condition, run]] : [],
    );
    expect(commands).toEqual([
      ['inputs.provision', 'azd provision --no-prompt'],
      [undefined, 'azd deploy --no-prompt'],
    ]);
    expect(parse(readFileSync(`${ROOT}azure.yaml`, 'utf8'))).toHaveProperty(
      'hooks.postdeploy.posix.run',
      'npm run azure:smoke',
    );
  });

  it('takes every value from variables that docs/deploy.md names', () => {
    const document = readFileSync(`${ROOT}docs/deploy.md`, 'utf8');
    const variables = [...read('deploy.yml').matchAll(/vars\.(\w+)/g)].map(([, name = '']) => name);
    expect(new Set(variables).size).toBe(6);
    for (const name of variables) expect(document).toContain(`\`${name}\``);
  });
});
