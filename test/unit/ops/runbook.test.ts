import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readCommandLine } from '../../../ops/commandLine.ts';
import { readCacheKeys } from '../../../shared/adapters/entra/seal.ts';
import type { FailureKind } from '../../../shared/errors.ts';

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
const runbook = read('docs/runbook.md');
const log = read('shared/log.ts');

const KINDS: Record<FailureKind, true> = {
  'needs-user': true,
  consent: true,
  'cache-lost': true,
  throttled: true,
  tenant: true,
  transient: true,
  misconfigured: true,
};

/** The cells of the tables under one heading, without their back-ticks. */
function rowsUnder(heading: string): string[][] {
  const [, section = ''] = runbook.split(`\n## ${heading}\n`);
  return section
    .split('\n## ')[0]
    ?.split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll('`', '')),
    ) as string[][];
}

const allOf = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, found = '']) => found);

describe('docs/runbook.md', () => {
  it('has every event, and of each its level', () => {
    const [events = '', levels = ''] = log.split('const LEVELS');
    const names = allOf(events, /event: '([^']+)'/g);
    expect(names).toContain('sweep.ended');
    const levelOf = new Map(
      [...levels.matchAll(/'([^']+)': '(warn|error)'/g)].map(([, name = '', level = '']) => [name, level]),
    );
    expect(levelOf.size).toBeGreaterThan(0);
    expect(
      rowsUnder('Every event')
        .map(([name, level]) => [name, level])
        .sort(),
    ).toEqual(names.map((name) => [name, levelOf.get(name) ?? 'info']).sort());
  });

  it("has every field of a run's one line", () => {
    const [, summary = ''] = /type SweepSummary = \{\n(.*?)\n\};/s.exec(log) ?? [];
    const fields = allOf(summary, /^ {2}(\w+)\??:/gm);
    expect(fields).toContain('lagMs');
    expect(rowsUnder('The one line a run').map(([name]) => name)).toEqual(fields);
  });

  it('says of every kind of failure what to do', () => {
    expect(
      rowsUnder('What failed')
        .map(([kind]) => kind)
        .sort(),
    ).toEqual(Object.keys(KINDS).sort());
  });

  it('asks in its queries for fields that are there', () => {
    const queries = allOf(runbook, /```kusto\n(.*?)```/gs);
    expect(queries.length).toBeGreaterThan(8);
    const fields = new Set([...allOf(log, /(\w+)\??:/g), 'correlationId']);
    const asked = queries.flatMap((query) => allOf(query, /\be\.(\w+)/g));
    for (const field of asked) expect([...fields]).toContain(field);
    const named = queries.flatMap((query) => allOf(query, /"([a-z]+\.[a-z-]+)"/g));
    for (const event of named) expect(log).toContain(`event: '${event}'`);
  });

  it('asks for every event that `accounts replay-ended` reads', () => {
    const [query = ''] = allOf(runbook, /```kusto\n([^`]*toscalar\(ended \| count\)[^`]*)```/g);
    const reader = read('shared/operators/loggedChange.ts');
    const names = allOf(reader, /case '([a-z.-]+)'/g);
    expect(names).toContain('account.ended');
    const values = allOf(reader, /(?:outcome|reason) === '([a-z-]+)'/g);
    expect(values).toContain('retired');
    for (const name of [...names, ...values]) expect(query).toContain(`"${name}"`);
  });

  it('gives commands that are understood', () => {
    const commands = allOf(runbook, /npm run stead -- ([^`\n]+)/g);
    expect(commands.length).toBeGreaterThan(8);
    for (const command of commands) expect(() => readCommandLine(command.trim().split(' '))).not.toThrow();
  });

  it('rotates the keys of the caches by its three commands', () => {
    const [, section = ''] = runbook.split('\n### The keys in Key Vault\n');
    const commands = allOf(section, /^node -e "(.*)"$/gm);
    const folder = mkdtempSync(join(tmpdir(), 'stead-keys-'));
    const file = join(folder, 'keys.json');
    const key = { kty: 'oct', kid: 'k1', k: Buffer.alloc(32, 1).toString('base64url') };
    writeFileSync(file, JSON.stringify({ keys: [key] }));
    try {
      const kids = commands.map((command) => {
        execFileSync(process.execPath, ['-e', command], { cwd: folder });
        return readCacheKeys(readFileSync(file, 'utf8')).map(({ kid }) => kid);
      });
      expect(kids).toEqual([['k1', 'k2'], ['k2', 'k1'], ['k2']]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('deletes and lists blobs with the roles of the person, because the accounts take no keys', () => {
    const data = allOf(runbook, /^(az storage (?:blob|container) .*)$/gm);
    expect(data.length).toBeGreaterThan(1);
    for (const command of data) expect(command).toContain('--auth-mode login');
  });

  it('names anchors that are there', () => {
    const anchors = allOf(runbook, /^#+ (.+)$/gm).map((title) => title.toLowerCase().replaceAll(' ', '-'));
    for (const anchor of allOf(runbook, /\]\(#([^)]+)\)/g)) expect(anchors).toContain(anchor);
  });
});

describe('host.json', () => {
  it('does not sample what the runbook asks for', () => {
    const { logging } = JSON.parse(read('host.json')) as {
      logging: {
        logLevel?: Record<string, string>;
        applicationInsights: { samplingSettings: { excludedTypes: string } };
      };
    };
    expect(logging.applicationInsights.samplingSettings.excludedTypes.split(';')).toContain('Trace');
    expect(Object.values(logging.logLevel ?? {})).not.toContain('Warning');
  });
});
