import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileRoute } from '../../../../dev/host/routeTemplate.ts';

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
    ['a/{id}', 'a/', undefined],
    ['a/{id}', 'a/7/b', undefined],
    ['{a}/b/{c}', 'x/B/y', { a: 'x', c: 'y' }],
    ['{a}/b/{c}', 'x/c/y', undefined],
  ])('%j matches %j as %j', (template, path, params) => {
    expect(match(template, path)).toEqual(params);
  });

  it.each([
    ['a/{id:int}', '{id:int}'],
    ['a/{id:regex(^x/y$)}', '{id:regex(^x'],
    ['a/{id?}', '{id?}'],
    ['a/{id=7}', '{id=7}'],
    ['a/{*rest}', '{*rest}'],
    ['a/{**rest}', '{**rest}'],
    ['{name}.{ext}', '{name}.{ext}'],
    ['v{major}', 'v{major}'],
    ['{a', '{a'],
    ['a}', 'a}'],
    ['{}', '{}'],
  ])('%j is refused for %j', (template, segment) => {
    expect(() => compileRoute(template)).toThrow(`route "${template}" has "${segment}"`);
  });

  it('refuses a parameter name that is used twice', () => {
    expect(() => compileRoute('{a}/{A}')).toThrow('used twice');
  });

  it('gives back whatever was put in the place of a parameter', () => {
    const literal = fc.stringMatching(/^[a-z.+$^()|]{1,8}$/);
    const value = fc.string({ minLength: 1 }).filter((text) => !text.includes('/'));
    fc.assert(
      fc.property(fc.array(fc.tuple(literal, value), { minLength: 1 }), (pairs) => {
        const template = pairs.map(([text], i) => `${text}/{p${i}}`).join('/');
        const segments = pairs.flat();
        const params = Object.fromEntries(pairs.map(([, text], i) => [`p${i}`, text]));
        expect(compileRoute(template)(segments)).toEqual(params);
      }),
    );
  });

  it('matches any path of the right length and no other, without throwing', () => {
    const route = compileRoute('{a}/{b}');
    fc.assert(
      fc.property(fc.array(fc.string()), (segments) => {
        const matches = segments.length === 2 && segments.every(Boolean);
        expect(route(segments)).toEqual(matches ? { a: segments[0], b: segments[1] } : undefined);
      }),
    );
  });
});
