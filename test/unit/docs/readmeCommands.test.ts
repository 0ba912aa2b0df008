/** The commands of the README are those that a newcomer copies, one after the other; docs/commands.md has all of them. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { blocksIn, ROOT, read } from '../../support/codeBlocks.ts';

const { scripts, repository } = JSON.parse(readFileSync(`${ROOT}/package.json`, 'utf8')) as {
  scripts: Record<string, string>;
  repository?: { url: string };
};
const STEPS = blocksIn('README.md', read('README.md'))
  .filter(({ language, code }) => language === '' && !/^\d\d:\d\d:\d\d /.test(code))
  .map(({ code }) => code.trimEnd().split('\n'));
const [tryIt = [], ...others] = STEPS;

/** What is wrong with the address of a `git clone`: it is another one than the project's, or it is invented. */
function faultOfClone(line: string, known: string | undefined): string | undefined {
  const [, address] = /^git clone (<[^<>]+>|\S+) \w+$/.exec(line) ?? [];
  if (address === undefined) return 'it is no clone into a folder';
  if (known !== undefined) return address === known ? undefined : `the address is ${known}`;
  return address.startsWith('<') ? undefined : 'nobody knows this address';
}

describe('the commands of the README', () => {
  it('clone into the folder that they then enter, and name no address that nobody knows', () => {
    expect(faultOfClone(tryIt[0] ?? '', repository?.url)).toBeUndefined();
    expect(tryIt[1]).toBe(`cd ${tryIt[0]?.split(' ').at(-1)}`);
    expect(faultOfClone('git clone https://example.com/stead.git stead', undefined)).toBe(
      'nobody knows this address',
    );
    expect(faultOfClone('git clone <here> stead', 'https://example.com/s.git')).toContain('example.com');
  });

  it('need two commands of npm after that', () => {
    expect(tryIt.slice(2)).toEqual(['npm ci', 'npm start']);
  });

  it('are scripts of the project, or of the tools that the README names', () => {
    const lines = STEPS.flat().slice(2);
    const unknown = lines.filter((line) => {
      const [, script] = /^npm (?:run )?([\w:-]+)/.exec(line) ?? [];
      if (script !== undefined) return script !== 'ci' && scripts[script] === undefined;
      return !/^az (?:login)|^azd (?:auth|env|up)\b/.test(line);
    });
    expect(unknown).toEqual([]);
    expect(others.length).toBeGreaterThan(0);
  });
});

describe('docs/commands.md', () => {
  it('has a row with each script of the project', () => {
    const rows = read('docs/commands.md').matchAll(/^\| (`[^|]*) \|/gm);
    const named = [...rows].flatMap(([, cell = '']) =>
      [...cell.matchAll(/npm (?:run )?([\w:-]+)/g)].map(([, script]) => script),
    );
    expect(Object.keys(scripts).filter((script) => !named.includes(script))).toEqual([]);
  });
});
