import { describe, expect, it } from 'vitest';
import type { Account, HistoryEntry } from '../../../../../shared/account/account.ts';
import { fromRow, toRow } from '../../../../../shared/adapters/azureStorage/accountRow.ts';
import { sampleActive } from '../../../../support/sampleAccount.ts';

const AT = new Date('2026-11-20T09:00:00.123Z');

const reread = (account: Account, columns: Record<string, unknown> = {}) =>
  fromRow(account.userId, { ...toRow(account), ...columns }, 'etag');

describe('the history of a row', () => {
  it('drops the oldest of a history that is too long for its column', () => {
    const history = Array.from(
      { length: 20 },
      (_, n): HistoryEntry => ({
        at: new Date(AT.getTime() + n),
        outcome: 'failed',
        kind: 'transient',
        code: 'x'.repeat(2_000),
      }),
    );
    const account = sampleActive({ history });
    expect(String(toRow(account).history).length).toBeLessThanOrEqual(16_000);
    expect(reread(account)).toMatchObject({ history: history.slice(-7) });
  });
});

describe('the checks of a row', () => {
  it('are those of its connection alone, because the previous release leaves the column as it is', () => {
    const { checks, ...account } = sampleActive();
    const row = { ...toRow({ ...account, ...(checks && { checks }) }), generation: 'the next one' };
    expect(fromRow(account.userId, row, 'etag')).not.toHaveProperty('checks');
  });

  it.each(['', 'no JSON', 'null', '[]', '{}', '{"checks":[]}', 7])('are none in %j', (checks) => {
    expect(reread(sampleActive(), { checks })).not.toHaveProperty('checks');
  });

  it('leave out what a later release may have meant', () => {
    const account = sampleActive();
    const [first] = account.checks ?? [];
    const strange = [
      null,
      { ...first, outcome: 'unheard-of' },
      { ...first, times: 0 },
      { ...first, last: 'soon' },
      { ...first, tasks: undefined },
      { ...first, kind: 'unheard-of', tasks: [null, { task: 'x' }, { ...first?.tasks[0], outcome: 'half' }] },
    ];
    const checks = JSON.stringify({ generation: account.generation, checks: strange });
    expect(reread(account, { checks })).toMatchObject({ checks: [{ ...first, tasks: [] }] });
  });

  it('drop the oldest if they are too long for their column', () => {
    const [check] = sampleActive().checks ?? [];
    if (check === undefined) return expect.fail();
    const checks = Array.from({ length: 20 }, (_, n) => ({
      ...check,
      times: n + 1,
      code: 'x'.repeat(2_000),
    }));
    const account = sampleActive({ checks });
    expect(String(toRow(account).checks).length).toBeLessThan(17_000);
    expect(reread(account)).toMatchObject({ checks: checks.slice(-6) });
  });
});
