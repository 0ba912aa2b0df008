import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileRoute } from '../../../dev/host/routeTemplate.ts';

const match = (template: string, path: string) => compileRoute(template)(path === '' ? [] : path.split('/'));

describe('compileRoute', () => {
  it.each([
    ['', '', {}],
    ['', 'a', undefined],
    ['a/b', 'A/B', {}],
    ['a/b', 'a', undefined],
    ['a/b', 'a/b/c', undefined],
    ['a.b', 'axb', undefined],
    ['a/{id}', 'a/7', { id: '7' }],
    ['a/{id}', 'a', undefined],
    ['a/{id?}', 'a', {}],
    ['a/{id=7}', 'a', { id: '7' }],
    ['a/{id=7}', 'a/8', { id: '8' }],
    ['{a?}/{b?}', '', {}],
    ['{a?}/{b?}', 'x/y', { a: 'x', b: 'y' }],
    ['{a?}/b', 'b', undefined],
    ['{a?}/b', 'x/b', { a: 'x' }],
    ['a/{*rest}', 'a', {}],
    ['a/{*rest}', 'a/b//c', { rest: 'b//c' }],
    ['a/{**rest}', 'a/b/c', { rest: 'b/c' }],
    ['a/{*rest:length(3)}', 'a/b/c', { rest: 'b/c' }],
    ['a/{*rest:length(3)}', 'a/b', undefined],
    ['{name}.{ext}', 'a.b.c', { name: 'a', ext: 'b.c' }],
    ['v{major:int}-{minor:int}', 'v1-2', { major: '1', minor: '2' }],
    ['v{major:int}-{minor:int}', 'v1-x', undefined],
    ['{a:int:min(3)?}', '2', undefined],
    ['{a:regex(^\\d{{2}}:x$)}', '12:x', { a: '12:x' }],
    ['{a:regex(^(x|y)$)=x}', '', { a: 'x' }],
  ])('%j matches %j as %j', (template, path, params) => {
    expect(match(template, path)).toEqual(params);
  });

  it.each([
    ['int', '-7', true],
    ['int', '2147483647', true],
    ['int', '2147483648', false],
    ['int', '1.5', false],
    ['int', '٣', false],
    ['long', '-9223372036854775808', true],
    ['long', '9223372036854775808', false],
    ['bool', 'True', true],
    ['bool', '1', false],
    ['alpha', 'aZ', true],
    ['alpha', 'a1', false],
    ['decimal', '-1.5', true],
    ['double', '1.', true],
    ['float', 'x', false],
    ['guid', '0f8fad5b-d9cb-469f-a165-70867728950e', true],
    ['guid', '0f8fad5bd9cb469fa16570867728950', false],
    ['datetime', '2026-01-02', true],
    ['datetime', 'soon', false],
    ['minlength(2)', 'a', false],
    ['maxlength(2)', 'abc', false],
    ['length(2)', 'ab', true],
    ['length(2,3)', 'abcd', false],
    ['min(2)', '1', false],
    ['max(2)', '3', false],
    ['max(2)', 'x', false],
    ['range(-1,1)', '-1', true],
    ['range(-1,1)', '2', false],
    ['required', 'x', true],
  ])('%s on %j: %s', (constraint, value, holds) => {
    expect(match(`{a:${constraint}}`, value)).toEqual(holds ? { a: value } : undefined);
  });

  it.each([
    ['{a', 'brace'],
    ['a}', 'brace'],
    ['{}', 'no parameter'],
    ['{a:}', 'no parameter'],
    ['{a:int', 'brace'],
    ['{a:unknown}', 'unknown'],
    ['{a:int(3)}', 'int'],
    ['{a:min}', 'min'],
    ['{a:min(x)}', 'min'],
    ['{a:toString}', 'toString'],
    ['{a:regex([)}', 'regex'],
    ['{a}/{A}', 'twice'],
    ['{*a}/b', 'last'],
    ['x{a?}', 'of its own'],
  ])('%j is refused: %s', (template, reason) => {
    expect(() => compileRoute(template)).toThrow(reason);
  });

  it('gives back whatever was put in the place of a parameter', () => {
    const literal = fc.stringMatching(/^[a-z.+$^()|]{1,8}$/);
    const value = fc.string({ minLength: 1 }).filter((text) => !text.includes('/'));
    fc.assert(
      fc.property(fc.array(fc.tuple(literal, value), { minLength: 1 }), fc.array(value), (pairs, rest) => {
        const template = pairs.map(([text], i) => `${text}/{p${i}}`).join('/');
        const segments = pairs.flat();
        const params = Object.fromEntries(pairs.map(([, text], i) => [`p${i}`, text]));
        expect(compileRoute(template)(segments)).toEqual(params);
        expect(compileRoute(`${template}/{*rest}`)([...segments, ...rest])).toEqual(
          rest.length > 0 ? { ...params, rest: rest.join('/') } : params,
        );
      }),
    );
  });

  it('answers to any path at all without throwing, and never with a parameter that breaks its constraint', () => {
    const route = compileRoute('a/{id:int?}/{*rest}');
    fc.assert(
      fc.property(fc.array(fc.string()), (segments) => {
        const params = route(['a', ...segments]);
        if (params?.id !== undefined) expect(Number.isInteger(Number(params.id))).toBe(true);
      }),
    );
  });
});
