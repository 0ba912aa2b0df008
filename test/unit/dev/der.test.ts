import { describe, expect, it } from 'vitest';
import { der, integer, objectId, utcTime } from '../../../dev/der.ts';

const hex = (bytes: Buffer) => bytes.toString('hex');

describe('integer', () => {
  it.each([
    ['7f', '02017f'],
    ['80', '02020080'],
    ['007f', '02017f'],
    ['0080', '02020080'],
    ['00000102', '02020102'],
    ['0000', '020100'],
    ['', '020100'],
  ])('writes %s as short as it can be', (bytes, written) => {
    expect(hex(integer(Buffer.from(bytes, 'hex')))).toBe(written);
  });
});

describe('der', () => {
  it.each([
    [0x7f, '047f'],
    [0x80, '048180'],
    [0xff, '0481ff'],
    [0x100, '04820100'],
  ])('says that the content has %d bytes', (length, head) => {
    expect(hex(der(0x04, Buffer.alloc(length))).slice(0, head.length)).toBe(head);
  });
});

it('an object id is written in groups of seven bits', () => {
  expect(hex(objectId('1.2.840.113549.1.1.11'))).toBe('06092a864886f70d01010b');
  expect(hex(objectId('2.5.4.3'))).toBe('0603550403');
});

it('a time is written to the second', () => {
  const time = Buffer.from('261129024100Z');
  expect(utcTime(new Date('2026-11-29T02:41:00.999Z'))).toEqual(der(0x17, time));
});
