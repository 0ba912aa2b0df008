import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../../dev/platform.ts';

const DEMO = fileURLToPath(new URL('../../dev/demo.ts', import.meta.url));

/** Settles with the exit code, whatever it is. */
async function demo(...flags: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const run = promisify(execFile)(process.execPath, [DEMO, ...flags], { cwd: ROOT });
  return run.then(
    (output) => ({ code: 0, ...output }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  );
}

type Shown = {
  accounts: { user: string; outcome: string; kind: string; source: string }[];
  journal: { user?: string; status: number }[];
};

describe('npm run demo', () => {
  it('renews the third user alone, and fails the two others each with its own kind', async () => {
    const { code, stdout, stderr } = await demo('--json', '--pick', 'dana,chiara,adele');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { accounts, journal } = JSON.parse(stdout) as Shown;
    expect(accounts).toEqual([
      { user: 'dana', outcome: 'failed', kind: 'cache-lost', source: '-' },
      { user: 'chiara', outcome: 'failed', kind: 'needs-user', source: '-' },
      { user: 'adele', outcome: 'refreshed', kind: '-', source: 'network' },
    ]);
    expect(journal.filter((entry) => entry.status === 200)).toMatchObject([{ user: 'adele' }]);
  });

  it('says who can be picked when somebody unknown is', async () => {
    const { code, stderr } = await demo('--pick', 'adele,bruno,nobody');
    expect(code).toBe(1);
    expect(stderr).toMatch(/no user "nobody".+adele, bruno, chiara, dana/);
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
