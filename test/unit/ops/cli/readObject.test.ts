import { expect, it } from 'vitest';
import { readObject } from '../../../../ops/cli/readObject.ts';

it('reads an object', () => {
  expect(readObject(' {"a": 1} ')).toEqual({ a: 1 });
});

it.each(['', '{"a":', '[{"a":1}]', 'null', '"a"', '1'])('has no member of %j', (text) => {
  expect(readObject(text)).toEqual({});
});
