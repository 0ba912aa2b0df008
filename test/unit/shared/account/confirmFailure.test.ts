import { describe, expect, it } from 'vitest';
import type { HistoryEntry } from '../../../../shared/account/account.ts';
import { confirmFailure } from '../../../../shared/account/confirmFailure.ts';

const MINUTE = 60_000;
const NOW = new Date('2026-11-20T12:00:00Z');
const REFUSAL = { kind: 'needs-user', code: 'invalid_grant', unsure: true } as const;

const ago = (minutes: number): Date => new Date(NOW.getTime() - minutes * MINUTE);
const refused = (minutes: number): HistoryEntry => ({
  at: ago(minutes),
  outcome: 'failed',
  kind: 'tenant',
  code: REFUSAL.code,
});
const kindAfter = (history: HistoryEntry[], lastActivity = new Date(0)) =>
  confirmFailure(REFUSAL, { history, lastActivity }, NOW).kind;

describe('a refusal that is not sure', () => {
  it('is confirmed by the third in a row, half an hour after the first', () => {
    expect(kindAfter([refused(60), refused(30)])).toBe('needs-user');
    expect(kindAfter([refused(30), refused(15)])).toBe('needs-user');
    expect(kindAfter([refused(29), refused(15)])).toBe('tenant');
    expect(kindAfter([refused(60)])).toBe('tenant');
  });

  it('is not confirmed across a visit', () => {
    expect(kindAfter([refused(60), refused(30)], ago(60))).toBe('tenant');
    expect(kindAfter([refused(60), refused(30)], ago(61))).toBe('needs-user');
  });

  it('is not confirmed across anything else that happened, whatever code that has', () => {
    const taskFailed: HistoryEntry = {
      at: ago(45),
      outcome: 'task-failed',
      task: 'read-profile',
      code: REFUSAL.code,
    };
    expect(kindAfter([refused(60), taskFailed, refused(30)])).toBe('tenant');
  });
});
