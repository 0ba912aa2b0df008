import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { FORMS } from './forms.ts';
import { SIMPLE } from './foundHistories.ts';
import { GUIDED_SPLIT, GUIDED_YEARS } from './guidedCrowds.ts';
import { GUIDED } from './guidedMoments.ts';
import { checkHistory } from './historyShape.ts';
import { ofPath, readReplay } from './replay.ts';
import { search } from './search.ts';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'stead-replay-'));
afterAll(() => rmSync(folder, { recursive: true }));

const GOOD = { ...SIMPLE, actions: [{ do: 'run', process: 0, pausesAfter: 0 }], deviations: [] };

function file(name: string, content: string): string {
  const path = join(folder, `${name}.json`);
  writeFileSync(path, content);
  return path;
}

function replay(...options: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...options], { encoding: 'utf8' });
  return { status, stdout, stderr };
}

describe('a replay', () => {
  it('runs exactly the history that is named, and prints it once', { timeout: 60_000 }, () => {
    const planted = ['--plant', 'check written down as a visit'];
    const beginning = 'from here on in any order';
    const bySeed = replay(...planted, '--replay', '1:0');
    expect(bySeed.status).toBe(1);
    expect(bySeed.stdout.split(beginning)).toHaveLength(2);
    for (const says of ['made shorter 0 times', '--replay 1:0\n', 'interleavings: 1 histories']) {
      expect(bySeed.stdout).toContain(says);
    }
    const [, history = ''] = /The history, for a .json file: (.*)/.exec(bySeed.stdout) ?? [];
    const byFile = replay(...planted, '--replay', file('printed', history));
    expect(byFile.status).toBe(1);
    expect(`${byFile.stderr}${byFile.stdout}`.split(beginning)).toHaveLength(2);
  });

  it('runs nothing else if that history breaks no promise', async () => {
    const { seeds, found } = await search(FORMS.interleavings, {
      seeds: 1,
      seed: 1,
      path: '0:5:5:5:5:5:5',
      isFirstEnough: true,
    });
    expect([seeds, found]).toEqual([1, undefined]);
  });

  it('of a path that leads nowhere says so', async () => {
    const which = { seed: 1, path: '0:999999' };
    const nowhere = search(FORMS.interleavings, { seeds: 1, ...which, isFirstEnough: true });
    await expect(ofPath(nowhere, 'interleavings', which)).rejects.toThrow(
      'leads to no history of the seed 1 and the form interleavings',
    );
  });

  it('of a file that is not there says in one sentence what is wrong', { timeout: 60_000 }, () => {
    const { status, stdout, stderr } = replay('--replay', '/nowhere/history.json');
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toBe(
      '/nowhere/history.json cannot be read (ENOENT): give the path of the file with the history.\n',
    );
  });

  it('says in one sentence which options have no meaning', { timeout: 60_000 }, () => {
    const ofYears = replay('--guided', 'a user is checked three times', '--form', 'years');
    expect([ofYears.status, ofYears.stderr.split('\n')[0]]).toEqual([
      2,
      'This guided history has the form interleavings.',
    ]);
    const seeds = replay('--replay', '1:0', '--seeds', '3');
    expect([seeds.status, seeds.stderr.split('\n')[0]]).toEqual([2, '--seeds has no meaning with --replay.']);
    const nobody = replay('--guided', 'constructor');
    expect([nobody.status, nobody.stderr.split('\n')[0]]).toEqual([
      2,
      'There is no guided history "constructor".',
    ]);
  });

  it.each(['nothing', '616', '616:', '616:1:x', ':1'])('of %s says that it is neither', (which) => {
    expect(() => readReplay(which, 'interleavings')).toThrow(`"${which}" is neither.`);
  });

  it.each([
    ['{', 'is not JSON'],
    ['[]', 'must be an object'],
    ['{"users":1}', 'has no "'],
  ])('of a file with %s says in one line what is wrong', (content, says) => {
    const read = () => readReplay(file('wrong', content), 'interleavings');
    expect(read).toThrow(says);
    expect(read).not.toThrow(/\n/);
  });
});

describe('the shape of a history', () => {
  it.each<[string, unknown, string]>([
    ['no object', [], 'must be an object'],
    [
      'a member of another type',
      { ...GOOD, links: undefined },
      'h.json: the history.links must be true or false.',
    ],
    ['a member too many', { ...GOOD, user: 1 }, 'has "user", which nobody reads.'],
    ['no users', { ...GOOD, users: 0 }, 'the history.users must be a whole number from 1 on.'],
    [
      'an unknown action',
      { ...GOOD, actions: [{ do: 'vist' }] },
      'the history.actions[0].do must be one of: visit,',
    ],
    ['no action', { ...GOOD, actions: [null] }, 'the history.actions[0].do must be one of: visit,'],
    ['half an action', { ...GOOD, actions: [{ do: 'run' }] }, 'the history.actions[0] has no "process".'],
    ['no list', { ...GOOD, deviations: {} }, 'the history.deviations must be a list.'],
    ['another form', Object.values(GUIDED_YEARS)[0], 'add --form years'],
  ])('refuses %s, and says where and what', (_what, history, says) => {
    expect(() => checkHistory('interleavings', history, 'h.json')).toThrow(says);
  });

  it('refuses a short history where one of years is asked for', () => {
    expect(() => checkHistory('years', GOOD, 'h.json')).toThrow('leave --form away');
  });

  it.each(Object.entries(GUIDED))('takes a history that somebody wrote or found: %s', (_name, history) => {
    expect(() => checkHistory('interleavings', JSON.parse(JSON.stringify(history)), '')).not.toThrow();
  });

  it.each(Object.entries(GUIDED_YEARS))('takes one of years: %s', (_name, history) => {
    expect(() => checkHistory('years', JSON.parse(JSON.stringify(history)), '')).not.toThrow();
  });

  it.each(Object.entries(GUIDED_SPLIT))('takes one of runs that are split: %s', (_name, history) => {
    expect(() => checkHistory('split', JSON.parse(JSON.stringify(history)), '')).not.toThrow();
  });

  it.each(Object.entries(FORMS))('takes every history of chance: %s', (form, { history }) => {
    const takes = fc.property<[unknown]>(history as fc.Arbitrary<unknown>, (one) =>
      checkHistory(form, JSON.parse(JSON.stringify(one)), ''),
    );
    fc.assert(takes, { numRuns: form === 'years' ? 20 : 200, seed: 7 });
  });
});
