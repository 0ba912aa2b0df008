import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../../../dev/platform.ts';

const DEMO = fileURLToPath(new URL('../../../dev/demo.ts', import.meta.url));

/** Settles with the exit code, whatever it is. */
async function demo(...flags: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const run = promisify(execFile)(process.execPath, [DEMO, '--no-build', ...flags], { cwd: ROOT });
  return run.then(
    (output) => ({ code: 0, ...output }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  );
}

type Check = { user: string; outcome: string; kind?: string; task?: string; state: string };
type Shown = { runs: Check[][]; journal: { user?: string; status: number }[]; faults: string[] };

describe('npm run demo', () => {
  it('ends as its story says, with one user without a failure and six with one', {
    timeout: 120_000,
  }, async () => {
    const { code, stdout, stderr } = await demo('--json', '--pick', 'dana,chiara,adele');
    const { runs, journal, faults } = JSON.parse(stdout) as Shown;
    expect({ code, stderr, faults }).toEqual({ code: 0, stderr: '', faults: [] });
    const [first, second, third] = runs.map((checks) =>
      Object.fromEntries(
        checks.map(({ user, outcome, kind, task, state }) => [user, [outcome, kind, task, state]]),
      ),
    );
    expect(first).toEqual({
      dana: ['failed', 'cache-lost', undefined, 'needs-user'],
      chiara: ['failed', 'needs-user', undefined, 'needs-user'],
      adele: ['refreshed', undefined, 'done', 'active'],
      bruno: ['failed', 'transient', undefined, 'active'],
      farah: ['failed', 'consent', undefined, 'needs-user'],
      goran: ['refreshed', undefined, 'failed', 'active'],
      erik: ['failed', 'throttled', undefined, 'active'],
    });
    expect(second).toMatchObject({
      bruno: ['refreshed', undefined, 'done', 'active'],
      erik: ['waiting', undefined, undefined, 'active'],
    });
    const acted = ['refreshed', undefined, 'done', 'active'];
    expect(third).toEqual({ adele: acted, bruno: acted, farah: acted, goran: acted, erik: acted });
    const statusesOf = (name: string) =>
      journal.filter(({ user }) => user === name).map(({ status }) => status);
    expect(['dana', 'chiara', 'erik'].map(statusesOf)).toEqual([[], [400], [429, 200]]);
  });

  it.each(['certificate', 'managed-identity'])('ends the same without a client secret: %s', {
    timeout: 120_000,
  }, async (credential) => {
    const { code, stdout, stderr } = await demo('--json', '--credential', credential);
    const { faults } = JSON.parse(stdout) as Shown;
    expect({ code, stderr, faults }).toEqual({ code: 0, stderr: '', faults: [] });
  });

  it.each([
    [
      'adele,bruno,nobody',
      /^--pick: there is no user "nobody"\. Pick three of adele, bruno, chiara, dana\.\n\nUsage:/,
    ],
    ['adele,bruno', /^--pick takes three different users.+\n\nUsage:/],
    ['adele,bruno,adele', /^--pick takes three different users.+\n\nUsage:/],
    ['', /^--pick: there is no user ""\..+\n\nUsage:/],
  ])('says who can be picked when it is given --pick "%s"', async (names, said) => {
    const { code, stdout, stderr } = await demo('--pick', names);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(said);
  });
});

describe('npm run demo -- --shared-client', () => {
  it("shows one user's tokens in another's cache, and Stead refusing to write them", async () => {
    const { code, stdout } = await demo('--shared-client', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      naive: [
        { user: 'adele', accountsInCache: ['adele'] },
        { user: 'bruno', accountsInCache: ['adele', 'bruno'] },
      ],
      stead: [
        { user: 'adele', stored: true, accountsInCache: ['adele'] },
        { user: 'bruno', stored: false, accountsInCache: [] },
      ],
    });
  });
});
