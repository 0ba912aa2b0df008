import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLogId, isGuid, partsOf, readUserId, toUserId, type UserId } from '../../../shared/userId.ts';

const TID = 'a0000000-0000-4000-8000-00000000000a';
const OID = 'c0000000-0000-4000-8000-00000000000c';
const USER = toUserId({ tid: TID, oid: OID });

const anyUser = fc.record({ tid: fc.uuid(), oid: fc.uuid() }).map(toUserId);

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
    undefined,
    7,
    `${USER}\n`,
    `${TID}\\${OID}`,
    `${OID}.${TID}`,
  ])('takes %j for nobody', (text: unknown) => {
    expect(readUserId(text)).toBeUndefined();
  });
});

describe('isGuid', () => {
  it.each([undefined, null, 7, {}, [TID]])('is false for %j', (value) => expect(isGuid(value)).toBe(false));
});

describe('createLogId', () => {
  const key = (byte: number): Uint8Array => new Uint8Array(32).fill(byte);

  it('is the same for the same key and user, and shows nothing of the user', () => {
    expect(createLogId(key(1))(USER)).toBe(createLogId(key(1))(USER));
    expect(createLogId(key(1))(USER)).toMatch(/^[0-9a-f]{16}$/);
  });

  it('stays the same when it was forgotten, and is made once as long as it is remembered', () => {
    const logId = createLogId(key(1));
    const before = logId(USER);
    for (let n = 0; n < 5_001; n += 1) {
      const oid = `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
      expect(logId(toUserId({ tid: TID, oid }))).not.toBe(before);
    }
    expect(logId(USER)).toBe(before);
  });

  it('differs by key and by user', () => {
    const other = toUserId({ tid: OID, oid: TID });
    expect(createLogId(key(1))(USER)).not.toBe(createLogId(key(2))(USER));
    expect(createLogId(key(1))(USER)).not.toBe(createLogId(key(1))(other));
  });
});
