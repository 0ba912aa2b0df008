import { describe, expect, it } from 'vitest';
import { firstDifference } from '../../../infra/firstDifference.ts';

describe('the first difference of two JSON values', () => {
  it.each([
    ['a text', { a: { b: 'x' } }, { a: { b: 'y' } }, 'a.b'],
    ['a name that is missing', { a: { b: 1 } }, { a: {} }, 'a.b'],
    ['a name that is new', { a: {} }, { a: { b: 1 } }, 'a.b'],
    ['an item', [1, { a: 2 }], [1, { a: 3 }], '1.a'],
    ['an item that is missing', { a: [1, 2] }, { a: [1] }, 'a.1'],
    ['another kind', { a: [] }, { a: {} }, 'a'],
    ['null', { a: null }, { a: {} }, 'a'],
    ['everything', {}, null, 'the whole'],
  ])('is found in %s', (_what, one, other, path) => {
    expect(firstDifference(one, other)).toBe(path);
  });

  it.each([[{}], [{ a: [1, 'x', null, { b: true }] }], ['x'], [null]])('is none in %j', (value) => {
    expect(firstDifference(value, structuredClone(value))).toBeUndefined();
  });
});
