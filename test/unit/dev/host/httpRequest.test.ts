import { describe, expect, it } from 'vitest';
import { joinedQuery, pathSegments } from '../../../../dev/host/httpRequest.ts';

describe('pathSegments', () => {
  it.each([
    ['/', []],
    ['/a/b/', ['a', 'b']],
    ['/a//b', ['a', '', 'b']],
    ['/%C3%A4%20/b', ['ä ', 'b']],
    ['/a%2Fb%2fc', ['a%2Fb%2fc']],
  ])('splits %s into %j', (path, segments) => {
    expect(pathSegments(path)).toEqual(segments);
  });
});

describe('joinedQuery', () => {
  it('joins what is repeated, in order, and keeps what is empty', () => {
    expect(joinedQuery(new URLSearchParams('b=1&a=x&b=&b=2&c'))).toEqual({ b: '1,,2', a: 'x', c: '' });
  });
  it('has no special names', () => {
    expect(Object.entries(joinedQuery(new URLSearchParams('__proto__=1')))).toEqual([['__proto__', '1']]);
  });
});
