import { HttpRequest } from '@azure/functions';
import { describe, expect, it } from 'vitest';
import { RequestMalformedError, TokenInvalidError, TokenMissingError } from '../../../../shared/errors.ts';
import { readAccessToken } from '../../../../shared/http.ts';

function accessTokenOf(authorization: string | undefined): string {
  const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
  return readAccessToken(
    new HttpRequest({ method: 'GET', url: 'http://localhost/api/profile', headers }).headers,
  );
}

describe('readAccessToken', () => {
  it.each([
    'Bearer a.b-c_d~e+f/g=',
    'bearer a.b-c_d~e+f/g=',
    'BEARER   a.b-c_d~e+f/g=',
    'Bearer a.b-c_d~e+f/g= ',
  ])('takes %j', (authorization) => {
    expect(accessTokenOf(authorization)).toBe('a.b-c_d~e+f/g=');
  });

  it.each([
    undefined,
    '',
    'Basic YTpi',
    'Bearertoken',
    'DPoP a.b.c',
    'a.b.c',
  ])('finds no token of ours in %j', (none) => {
    expect(() => accessTokenOf(none)).toThrow(TokenMissingError);
  });

  it.each([
    'Bearer',
    'Bearer ',
    'Bearer a b',
    'Bearer a Bearer b',
  ])('finds no valid token in %j', (invalid) => {
    expect(() => accessTokenOf(invalid)).toThrow(TokenInvalidError);
  });

  it.each([
    'Bearer a, Bearer b',
    'Bearer a,b',
    'Basic YTpi, Bearer a',
  ])('does not choose in %j', (several) => {
    expect(() => accessTokenOf(several)).toThrow(RequestMalformedError);
  });

  it('never shows what was sent', () => {
    for (const authorization of ['canary', 'Bearer canary canary', 'Bearer canary, canary', 'Basic canary']) {
      expect(() => accessTokenOf(authorization)).toThrow(
        expect.objectContaining({ message: expect.not.stringContaining('canary') }),
      );
    }
  });
});
