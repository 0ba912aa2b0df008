import { describe, expect, it } from 'vitest';
import type { Connection, ConnectionChecks } from '../../../../shared/wire.ts';
import { nextRepair, type Repair } from '../../../../spa/src/connection/useRepaired.ts';

const check = (minute: number, outcome: ConnectionChecks['outcome'] = 'refreshed'): ConnectionChecks => {
  const at = `2026-11-28T08:${minute}:00.000Z`;
  return { first: at, last: at, times: 1, outcome, tasks: [] };
};
const failed = check(10, 'failed');
const connection = (state: Connection['state'], ...checks: ConnectionChecks[]): Connection => ({
  state,
  history: [],
  checks,
});
/** Whether each answer in turn is told as one after a repair. */
const told = (wasNeeded: boolean, ...answers: Connection[]): boolean[] => {
  let repair: Repair = { wasNeeded, repaired: undefined };
  return answers.map((answer) => {
    repair = nextRepair(repair, answer);
    return repair.repaired !== undefined;
  });
};

describe('a repair', () => {
  const needed = connection('needs-user', failed);
  const repaired = connection('active', failed);

  it('is told wherever it was made, and until the next check', () => {
    expect(told(false, needed, repaired, { ...repaired }, connection('active', failed, check(20)))).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });

  it('is not told again after later troubles, but after the next repair', () => {
    const later = [failed, check(20), check(30, 'failed')];
    const answers = [needed, repaired, connection('active', ...later)];
    expect(told(false, ...answers, connection('active', ...later, check(40))).slice(2)).toEqual([
      false,
      false,
    ]);
    expect(
      told(false, ...answers, connection('needs-user', ...later), connection('active', ...later)),
    ).toEqual([false, true, false, false, true]);
  });

  it('is told of somebody who has come back from one, before the service knew that they were needed', () => {
    expect(told(true, repaired)).toEqual([true]);
    expect(told(true, needed, repaired)).toEqual([false, true]);
    expect(told(false, repaired)).toEqual([false]);
  });

  it('is none if the person has stopped it', () => {
    expect(told(false, needed, connection('disconnected'), connection('pending'))).toEqual([
      false,
      false,
      false,
    ]);
  });

  it('is over with one more check that ended as the one before', () => {
    const again = { ...failed, last: check(20).last, times: 2 };
    expect(told(true, repaired, connection('active', again))).toEqual([true, false]);
  });
});
