import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createLogId,
  dueRowKey,
  dueUpperBound,
  isGuid,
  partsOf,
  readUserId,
  SHARDS,
  shardOf,
  timeOfDueRowKey,
  toUserId,
  type UserId,
  userOfDueRowKey,
  userOfRowKey,
  userRowKey,
  userRowKeyRange,
  wholeSecond,
} from '../../../shared/userId.ts';

const TID = 'a0000000-0000-4000-8000-00000000000a';
const OID = 'c0000000-0000-4000-8000-00000000000c';
const USER = toUserId({ tid: TID, oid: OID });

const anyUser = fc.record({ tid: fc.uuid(), oid: fc.uuid() }).map(toUserId);
const anyTime = fc.date({ min: new Date('2020-01-01'), max: new Date('2100-01-01'), noInvalidDate: true });

describe('toUserId', () => {
  it('joins tid and oid', () => expect(USER).toBe(`${TID}/${OID}`));

  it('makes one id of every spelling', () => {
    expect(toUserId({ tid: TID.toUpperCase(), oid: OID.toUpperCase() })).toBe(USER);
  });

  it.each([
    ['an email', 'anna@contoso.example'],
    ['a home account id', `${OID}.${TID}`],
    ['nothing', ''],
    ['a GUID with braces', `{${OID}}`],
    ['a GUID with a line end', `${OID}\n`],
    ['a GUID with a path', `${OID}/..`],
    ['a GUID of other digits', OID.replace('c', 'g')],
  ])('refuses %s for either part, and does not say what it was', (_what, value) => {
    expect(() => toUserId({ tid: TID, oid: value })).toThrow(new TypeError('oid is not a GUID'));
    expect(() => toUserId({ tid: value, oid: OID })).toThrow(new TypeError('tid is not a GUID'));
  });

  it('gives a type that a plain string does not have', () => {
    const plain: string = USER;
    // @ts-expect-error: the type check fails where this line is allowed.
    const unverified: UserId = plain;
    expect(unverified).toBe(USER);
  });

  it('is undone by partsOf', () => {
    expect(partsOf(USER)).toEqual({ tid: TID, oid: OID });
    fc.assert(
      fc.property(anyUser, (user) => {
        expect(toUserId(partsOf(user))).toBe(user);
      }),
    );
  });
});

describe('readUserId', () => {
  it('reads what was written down', () => {
    fc.assert(
      fc.property(anyUser, (user) => {
        expect(readUserId(user)).toBe(user);
      }),
    );
  });

  it('reads every spelling', () => expect(readUserId(USER.toUpperCase())).toBe(USER));

  it.each([
    '',
    '/',
    TID,
    `${TID}/`,
    `/${OID}`,
    `${TID}//${OID}`,
    `${TID}/${OID}/`,
    `${TID}/${OID}/${OID}`,
    `${TID}/${OID}.old`,
    ` ${USER}`,
    `${USER}\n`,
    `${TID}\\${OID}`,
    `${OID}.${TID}`,
  ])('takes %j for nobody', (text) => {
    expect(readUserId(text)).toBeUndefined();
  });
});

describe('isGuid', () => {
  it.each([undefined, null, 7, {}, [TID]])('is false for %j', (value) => expect(isGuid(value)).toBe(false));
});

describe('shardOf', () => {
  it('spreads users evenly over sixteen shards', () => {
    const users = Array.from({ length: 16_000 }, (_, index) =>
      toUserId({ tid: TID, oid: `c0000000-0000-4000-8000-${index.toString(16).padStart(12, '0')}` }),
    );
    const sizes = SHARDS.map((shard) => users.filter((user) => shardOf(user) === shard).length);
    expect(SHARDS).toHaveLength(16);
    expect(sizes.reduce((sum, size) => sum + size)).toBe(16_000);
    // Six standard deviations around 1,000.
    expect(Math.min(...sizes)).toBeGreaterThan(800);
    expect(Math.max(...sizes)).toBeLessThan(1_200);
  });
});

describe('createLogId', () => {
  const key = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);

  it('is the same for the same key and user, and shows nothing of the user', () => {
    expect(createLogId(key(1))(USER)).toBe(createLogId(key(1))(USER));
    expect(createLogId(key(1))(USER)).toMatch(/^[0-9a-f]{16}$/);
  });

  it('differs by key and by user', () => {
    const other = toUserId({ tid: OID, oid: TID });
    expect(createLogId(key(1))(USER)).not.toBe(createLogId(key(2))(USER));
    expect(createLogId(key(1))(USER)).not.toBe(createLogId(key(1))(other));
  });
});

describe('row keys', () => {
  it('name the user and the second', () => {
    expect(userRowKey(USER)).toBe(`user|${TID}_${OID}`);
    expect(dueRowKey(new Date('2026-03-01T12:00:00Z'), USER)).toBe(`due|2026-03-01T12:00:00Z|${TID}_${OID}`);
  });

  it('round a due time up, so that nobody is checked early', () => {
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
  ])('that are not due rows are of nobody: %j', (rowKey) => {
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
    const within = ({ from, to }: { from: string; to: string }, key: string) => key >= from && key < to;
    fc.assert(
      fc.property(anyUser, anyUser, anyTime, (user, other, at) => {
        const [{ tid }, { tid: otherTid }] = [partsOf(user), partsOf(other)];
        expect(within(userRowKeyRange(), userRowKey(user))).toBe(true);
        expect(within(userRowKeyRange(tid), userRowKey(user))).toBe(true);
        expect(within(userRowKeyRange(tid), userRowKey(other))).toBe(tid === otherTid);
        expect(within(userRowKeyRange(), dueRowKey(at, user))).toBe(false);
        expect(within(userRowKeyRange(), `tenant|${tid}`)).toBe(false);
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

  it('are below the upper bound if, and only if, their second has begun', () => {
    const isBelow = (due: Date, now: Date, user: UserId): boolean =>
      dueRowKey(due, user) < dueUpperBound(now);
    fc.assert(
      fc.property(anyTime, fc.integer({ min: -3_000, max: 3_000 }), anyUser, (now, apart, user) => {
        const due = wholeSecond(new Date(now.getTime() + apart));
        expect(isBelow(due, now, user)).toBe(due.getTime() <= now.getTime());
      }),
    );
    const due = new Date('2026-03-01T12:00:00Z');
    expect(isBelow(due, new Date('2026-03-01T11:59:59.999Z'), USER)).toBe(false);
    expect(isBelow(due, due, USER)).toBe(true);
    expect(isBelow(due, new Date('2026-03-01T12:00:00.999Z'), USER)).toBe(true);
    expect(dueUpperBound(due) > 'due|').toBe(true);
  });
});
