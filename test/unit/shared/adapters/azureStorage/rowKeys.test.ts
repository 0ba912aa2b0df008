import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  dueRowKey,
  dueRowKeyRange,
  type RowKeyRange,
  timeOfDueRowKey,
  userOfDueRowKey,
  userOfRowKey,
  userRowKey,
  userRowKeyRange,
} from '../../../../../shared/adapters/azureStorage/rowKeys.ts';
import { wholeSecond } from '../../../../../shared/adapters/wholeSecond.ts';
import { partsOf, toUserId, type UserId } from '../../../../../shared/userId.ts';

const TID = 'a0000000-0000-4000-8000-00000000000a';
const OID = 'c0000000-0000-4000-8000-00000000000c';
const USER = toUserId({ tid: TID, oid: OID });

const anyUser = fc.record({ tid: fc.uuid(), oid: fc.uuid() }).map(toUserId);
const anyTime = fc.date({ min: new Date('2020-01-01'), max: new Date('2100-01-01'), noInvalidDate: true });
const isWithin = ({ after, before }: RowKeyRange, key: string): boolean => key > after && key < before;

describe('row keys', () => {
  it('name the user and the second', () => {
    expect(userRowKey(USER)).toBe(`user|${TID}_${OID}`);
    expect(dueRowKey(new Date('2026-03-01T12:00:00Z'), USER)).toBe(`due|2026-03-01T12:00:00Z|${TID}_${OID}`);
  });

  it('round a time up, so that no account is checked too early', () => {
    expect(dueRowKey(new Date('2026-03-01T12:00:00.001Z'), USER)).toContain('|2026-03-01T12:00:01Z|');
    expect(wholeSecond(new Date('2026-12-31T23:59:59.001Z'))).toEqual(new Date('2027-01-01T00:00:00Z'));
  });

  it('give user and time back', () => {
    fc.assert(
      fc.property(anyTime, anyUser, (at, user) => {
        expect(userOfDueRowKey(dueRowKey(at, user))).toBe(user);
        expect(timeOfDueRowKey(dueRowKey(at, user))).toEqual(wholeSecond(at));
      }),
    );
  });

  it.each([
    '',
    'due|',
    'due|2026-03-01T12:00:00Z',
    'due|2026-03-01T12:00:00Z|someone_else',
    `user|${TID}_${OID}`,
    `late|2026-03-01T12:00:00Z|${TID}_${OID}`,
  ])('that are not of an entry are of nobody: %j', (rowKey) => {
    expect(userOfDueRowKey(rowKey)).toBeUndefined();
  });

  it.each([
    '',
    'due|',
    `due|soon|${TID}_${OID}`,
    `user|${TID}_${OID}`,
  ])('without a time name none: %j', (rowKey) => {
    expect(timeOfDueRowKey(rowKey)).toBeUndefined();
  });

  it("give a user back from the user's own row", () => {
    fc.assert(
      fc.property(anyUser, (user) => {
        expect(userOfRowKey(userRowKey(user))).toBe(user);
      }),
    );
  });

  it.each([
    '',
    'user|',
    `user|${TID}`,
    `user|${TID}_someone`,
    `due|2026-03-01T12:00:00Z|${TID}_${OID}`,
    `tenant|${TID}`,
  ])('that are not accounts are of nobody: %j', (rowKey) => {
    expect(userOfRowKey(rowKey)).toBeUndefined();
  });

  it("of users are in one range, a tenant's in one within it, and nothing else is", () => {
    fc.assert(
      fc.property(anyUser, anyUser, anyTime, (user, other, at) => {
        const [{ tid }, { tid: otherTid }] = [partsOf(user), partsOf(other)];
        expect(isWithin(userRowKeyRange(), userRowKey(user))).toBe(true);
        expect(isWithin(userRowKeyRange(tid), userRowKey(user))).toBe(true);
        expect(isWithin(userRowKeyRange(tid), userRowKey(other))).toBe(tid === otherTid);
        expect(isWithin(userRowKeyRange(), dueRowKey(at, user))).toBe(false);
        expect(isWithin(userRowKeyRange(), `tenant|${tid}`)).toBe(false);
      }),
    );
  });

  it('hold no character that Table storage refuses in a key', () => {
    fc.assert(
      fc.property(anyTime, anyUser, (at, user) => {
        expect(`${dueRowKey(at, user)}${userRowKey(user)}`).not.toMatch(/[/\\#?\t\n\r]/);
      }),
    );
  });

  it('are in the order of time, whoever their user is', () => {
    fc.assert(
      fc.property(anyTime, anyTime, anyUser, anyUser, (one, other, a, b) => {
        const [earlier, later] = [wholeSecond(one), wholeSecond(other)].sort(
          (x, y) => x.getTime() - y.getTime(),
        );
        fc.pre(earlier !== undefined && later !== undefined && earlier.getTime() < later.getTime());
        expect(dueRowKey(earlier, a) < dueRowKey(later, b)).toBe(true);
      }),
    );
  });

  it('are in the range of what is due if, and only if, their second has begun', () => {
    const isDue = (due: Date, now: Date, user: UserId): boolean =>
      isWithin(dueRowKeyRange(now), dueRowKey(due, user));
    fc.assert(
      fc.property(anyTime, fc.integer({ min: -3_000, max: 3_000 }), anyUser, (now, apart, user) => {
        const due = wholeSecond(new Date(now.getTime() + apart));
        expect(isDue(due, now, user)).toBe(due.getTime() <= now.getTime());
      }),
    );
    const due = new Date('2026-03-01T12:00:00Z');
    expect(isDue(due, new Date('2026-03-01T11:59:59.999Z'), USER)).toBe(false);
    expect(isDue(due, due, USER)).toBe(true);
    expect(isDue(due, new Date('2026-03-01T12:00:00.999Z'), USER)).toBe(true);
  });
});
