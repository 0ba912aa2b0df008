import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decideTombstone } from '../../../shared/account/schedule.ts';
import { toRow } from '../../../shared/adapters/azureStorage/accountRow.ts';
import { SETTINGS } from '../../../shared/settingsReader.ts';
import { LEASE, sampleNeedsUser, sampleTombstone } from '../../support/sampleAccount.ts';

const privacy = readFileSync(new URL('../../../docs/privacy.md', import.meta.url), 'utf8');
const DAY = 86_400_000;

/** The names of the columns under "The account", and which of them it says that a tombstone has. */
const columns = [...privacy.matchAll(/^\| `(\w+)` \| .* \| (yes|no) \|$/gm)].map(([, name = '', has]) => ({
  name,
  ofTombstone: has === 'yes',
}));

const namesOf = (row: object) => Object.keys(row).sort();

describe('docs/privacy.md', () => {
  it('has every column of an account', () => {
    expect(columns.map(({ name }) => name).sort()).toEqual(namesOf(toRow(sampleNeedsUser({ lease: LEASE }))));
  });

  it('tells what a tombstone still has', () => {
    const kept = columns.filter(({ ofTombstone }) => ofTombstone).map(({ name }) => name);
    expect(kept.sort()).toEqual(namesOf(toRow(sampleTombstone({ lease: LEASE }))));
  });

  it('tells the retention time that holds if nothing is set', () => {
    expect(privacy).toContain(`for \`RETENTION_DAYS\` (default ${SETTINGS.RETENTION_DAYS})`);
  });

  it('tells how long a tombstone stays', () => {
    const since = new Date('2026-11-20T09:00:00Z');
    const stays = (state: 'retired' | 'disconnected', days: number, retentionDays: number) => {
      const tombstone = { ...sampleTombstone(), state, since };
      const decide = (ms: number) =>
        decideTombstone(tombstone, new Date(since.getTime() + ms), { retentionMs: retentionDays * DAY })
          .action;
      expect([decide(days * DAY - 1), decide(days * DAY)]).toEqual(['remove-cache', 'erase']);
    };
    expect(privacy).toContain('2 days after an operator or the retention time ended it');
    stays('retired', 2, 90);
    expect(privacy).toContain('`RETENTION_DAYS` after their last visit, and at least 2 days');
    stays('disconnected', 90, 90);
    stays('disconnected', 2, 1);
  });
});
