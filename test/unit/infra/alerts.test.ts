import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { followVariable, type Json, moduleOf, pick } from '../../support/armTemplate.ts';

const read = (path: string) => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
const template = JSON.parse(read('infra/main.json')) as Json;
const runbook = read('docs/runbook.md');

const [section = ''] = (runbook.split('\n## Alerts\n')[1] ?? '').split('\n## ');
/** The queries of the runbook's alerts by their names. */
const inRunbook = new Map(
  [...section.matchAll(/^\*\*(.+?)\*\*.*?```kusto\n(.*?)```/gms)].map(
    ([, title = '', query = '']) => [title, query] as const,
  ),
);

type Alert = { name: string; title: string; severity: number; every: string; window: string; query: string };
const module = moduleOf(template, 'alerts');
const alerts = (pick(module, 'variables', 'alerts') as Alert[]).map((alert) => ({
  ...alert,
  query: String(followVariable(module, alert.query)),
}));

/** Minutes of `PT1H`, `PT15M` and of `1h`, `15m`. */
function minutesOf(duration: string): number {
  const [, amount, unit] = /^(?:PT)?(\d+)([HhMm])$/.exec(duration) ?? [];
  return Number(amount) * (unit?.toUpperCase() === 'H' ? 60 : 1);
}

describe('the alerts', () => {
  it('are those of the runbook but for the one that the workbook shows', () => {
    const titles = alerts.map(({ title }) => title);
    expect(titles.length).toBeGreaterThan(0);
    expect([...titles, 'A user kills runs.'].sort()).toEqual([...inRunbook.keys()].sort());
  });

  it.each(alerts)('$name asks what the runbook asks', ({ title, query }) => {
    expect(query).toBe(inRunbook.get(title));
  });

  it.each(
    alerts,
  )('$name looks at all of the time that its query is about, and at late logs twice', (alert) => {
    const [, ago = ''] = /timestamp > ago\((\w+)\)/.exec(alert.query) ?? [];
    expect(minutesOf(ago)).toBeGreaterThan(0);
    expect(minutesOf(alert.window)).toBe(minutesOf(ago));
    expect(minutesOf(alert.every)).toBeLessThan(minutesOf(alert.window));
  });

  it('wake the worker with the query that says that it is silent', () => {
    const condition = pick(module, 'resources', 'wakeRule', 'properties', 'criteria', 'allOf') as unknown[];
    const query = followVariable(module, pick(condition[0], 'query'));
    expect(query).toBe(inRunbook.get('The worker has not run for five minutes.'));
  });
});

describe('the queries in infra/queries', () => {
  const files = globSync('infra/queries/*.kql', { cwd: new URL('../../../', import.meta.url) });

  it.each(files)('%s stands in the runbook', (file) => {
    expect(runbook).toContain(`\`\`\`kusto\n${read(file)}\`\`\`\n`);
  });

  it('are all in the template', () => {
    const text = JSON.stringify(template);
    for (const file of files) expect(text).toContain(JSON.stringify(read(file)));
    expect(files.length).toBeGreaterThan(alerts.length);
  });
});
