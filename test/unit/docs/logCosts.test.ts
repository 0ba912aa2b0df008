import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { nextCheckAfterSuccess } from '../../../shared/account/schedule.ts';
import { createLog, type LogEvent } from '../../../shared/log.ts';
import { SETTINGS } from '../../../shared/settingsReader.ts';
import { sampleActive } from '../../support/sampleAccount.ts';

const document = readFileSync(new URL('../../../docs/deploy.md', import.meta.url), 'utf8');
const section = document.split('### What the log costs\n')[1]?.split('\n## ')[0] ?? '';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const DAYS = 30;
const GB = 1e9;

const user = '0123456789abcdef';
/** What a routine check logs, with the task that is shipped. */
const check: LogEvent = {
  event: 'user.check-ended',
  user,
  outcome: 'refreshed',
  ms: 412,
  source: 'network',
  reason: 'keep-warm',
};
const task: LogEvent[] = [
  { event: 'token.used', user, by: 'read-profile', api: 'graph', source: 'network' },
  { event: 'task.ended', user, task: 'read-profile', outcome: 'done', ms: 187 },
];

function bytesOf(...events: LogEvent[]): number {
  let bytes = 0;
  const add = (line: string) => {
    bytes += Buffer.byteLength(line);
  };
  const log = createLog({ info: add, warn: add, error: add }, 'c0ffee00-0000-4000-8000-000000000000');
  for (const event of events) log(event);
  return bytes;
}

/** Of a user who never visits, with access tokens that live 60 to 90 minutes. */
function checksPerDay(): number {
  const now = new Date('2026-11-20T09:00:00Z');
  const parts = Array.from({ length: 20 }, (_, index) => (index + 0.5) / 20);
  const waits = parts.flatMap((life) =>
    parts.map((random) => {
      const expiresOn = new Date(now.getTime() + (60 + 30 * life) * MINUTE);
      const account = sampleActive({
        expiresOn,
        lastActivity: now,
        refreshTokenExpiresOn: new Date(now.getTime() + 90 * DAY),
      });
      const settings = {
        idleForMs: Number(SETTINGS.REFRESH_IDLE_SECONDS) * 1_000,
        minIntervalMs: Number(SETTINGS.REFRESH_MIN_INTERVAL_SECONDS) * 1_000,
        everyRun: false,
        retentionMs: Number(SETTINGS.RETENTION_DAYS) * DAY,
      };
      return nextCheckAfterSuccess(account, now, settings, random).getTime() - now.getTime();
    }),
  );
  return DAY / (waits.reduce((sum, wait) => sum + wait, 0) / waits.length);
}

const gb = (users: number, bytes: number): string => {
  const amount = (users * Math.round(checksPerDay()) * bytes * DAYS) / GB;
  return amount < 10 ? amount.toFixed(1) : Math.round(amount).toLocaleString('en-US');
};

describe('what the log costs, in docs/deploy.md', () => {
  it('follows from the lines themselves and from the rhythm of the checks', () => {
    expect(section).toContain(`a user is checked ${Math.round(checksPerDay())} times a day`);
    expect(section).toContain(`\`user.check-ended\` of such a check has ${bytesOf(check)} bytes`);
    expect(section).toContain(`\`token.used\` and \`task.ended\`, ${bytesOf(...task)} bytes together`);
  });

  it.each([1_000, 50_000, 1_000_000])('is right for %i users', (users) => {
    const [checks, tasks] = [gb(users, bytesOf(check)), gb(users, bytesOf(...task))];
    const both = gb(users, bytesOf(check, ...task));
    expect(section).toContain(`| ${users.toLocaleString('en-US')} | ${checks} | ${tasks} | ${both} |`);
  });
});
