import { describe, expect, it } from 'vitest';
import {
  lastRunOf,
  retirementColumns,
  runColumns,
} from '../../../../../shared/adapters/azureStorage/lastRunRow.ts';
import { SUMMARY } from '../../../../support/sharedStateContract.ts';

const AT = new Date('2026-11-20T09:00:00.123Z');
const LATER = new Date('2026-11-20T10:00:00Z');
const AUDIT = {
  next: '7user|someone',
  accounts: 60,
  connected: 12,
  lastPass: { accounts: 60, connected: 40, endedAt: AT },
};

const RETIRED = { count: 7, since: AT };

const ROW = {
  ...runColumns(LATER, SUMMARY, { audit: AUDIT, retired: RETIRED }),
  ...retirementColumns({ order: 'stopped', at: AT }),
};

describe('the row of the last run', () => {
  it('gives every column of its part a value, so that a merge clears what was there', () => {
    expect(runColumns(LATER, SUMMARY, { audit: { accounts: 0, connected: 0 } })).toEqual({
      endedAt: LATER,
      summary: JSON.stringify(SUMMARY),
      auditNext: '',
      auditAccounts: 0,
      auditConnected: 0,
      lastPassAccounts: '',
      lastPassConnected: '',
      lastPassEndedAt: '',
    });
    expect(retirementColumns({ order: 'confirmed', until: LATER })).toEqual({
      retirementOrder: 'confirmed',
      retirementAt: '',
      retirementUntil: LATER,
    });
  });

  it('leaves the columns of an audit alone for a run that did not audit', () => {
    expect(Object.keys(runColumns(LATER, SUMMARY, {}))).toEqual(['endedAt', 'summary']);
  });

  it('is read as it was written', () => {
    expect(lastRunOf(ROW)).toEqual({
      ended: { at: LATER, summary: SUMMARY },
      audit: AUDIT,
      retired: RETIRED,
      retirement: { order: 'stopped', at: AT },
    });
  });

  it.each(['', 'soon', 7, undefined])('tells of no run that ended at %j', (endedAt) => {
    expect(lastRunOf({ ...ROW, endedAt })).not.toHaveProperty('ended');
  });

  it.each([
    '',
    'no JSON',
    'null',
    '[]',
    '{}',
    JSON.stringify({ ...SUMMARY, runId: 7 }),
    JSON.stringify({ ...SUMMARY, due: '9' }),
    JSON.stringify({ ...SUMMARY, tasks: undefined }),
    JSON.stringify({ ...SUMMARY, failed: null }),
    JSON.stringify({ ...SUMMARY, stoppedBy: undefined }),
    7,
    undefined,
  ])('tells of no run with the summary %j', (summary) => {
    expect(lastRunOf({ ...ROW, summary })).not.toHaveProperty('ended');
  });

  it.each([undefined, '', 7])('begins the audit anew at %j, and counts anew', (auditNext) => {
    expect(lastRunOf({ ...ROW, auditNext }).audit).toEqual({
      accounts: 0,
      connected: 0,
      lastPass: AUDIT.lastPass,
    });
  });

  it.each([
    { lastPassAccounts: '' },
    { lastPassConnected: '' },
    { lastPassConnected: 'many' },
    { lastPassEndedAt: '' },
    { lastPassEndedAt: 'soon' },
  ])('tells of no earlier pass with %j', (columns) => {
    const { lastPass: _, ...progress } = AUDIT;
    expect(lastRunOf({ ...ROW, ...columns }).audit).toEqual(progress);
  });

  it.each([
    { retirementOrder: '' },
    { retirementOrder: 'toString' },
    { retirementOrder: 'confirmed' },
    { retirementOrder: 'confirmed', retirementUntil: 'soon' },
  ])('tells of no order with %j', (columns) => {
    expect(lastRunOf({ ...ROW, ...columns })).not.toHaveProperty('retirement');
  });

  it('tells of a resumption', () => {
    const retirement = { order: 'resumed', at: AT } as const;
    expect(lastRunOf({ ...ROW, ...retirementColumns(retirement) })).toMatchObject({ retirement });
  });

  it('keeps retiring stopped if only the time of the stop cannot be read', () => {
    const retirement = { order: 'stopped', at: new Date(0) };
    expect(lastRunOf({ ...ROW, retirementAt: '' })).toMatchObject({ retirement });
  });

  it.each([{ retiredCount: '' }, { retiredSince: 'soon' }])('tells of nobody retired with %j', (columns) => {
    expect(lastRunOf({ ...ROW, ...columns })).not.toHaveProperty('retired');
  });
});
