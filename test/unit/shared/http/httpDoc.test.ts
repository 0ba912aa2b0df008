import { readFileSync } from 'node:fs';
import { InvocationContext } from '@azure/functions';
import { describe, expect, it } from 'vitest';
import {
  type Failure,
  ForbiddenError,
  LinkOffError,
  NotConnectedError,
  RequestMalformedError,
  TokenInvalidError,
  TokenMissingError,
  TooManyRequestsError,
  UnavailableError,
  UserTokenError,
} from '../../../../shared/errors.ts';
import { answered } from '../../../../shared/http.ts';
import { createTestClock } from '../../../../shared/testing/testClock.ts';
import type { Problem, ProblemCode } from '../../../../shared/wire.ts';
import { shippedMain } from '../../../support/mainFile.ts';

const userToken = (failure: Failure) => new UserTokenError(failure);

/** One error for each code. The type makes a new code without a row here, and so in the docs, an error. */
const ERRORS: Record<ProblemCode, Error> = {
  REQUEST_MALFORMED: new RequestMalformedError('two'),
  TOKEN_MISSING: new TokenMissingError('none'),
  TOKEN_INVALID: new TokenInvalidError('bad'),
  CLAIMS_REQUIRED: userToken({ kind: 'needs-user', code: 'AADSTS50076', claims: '{}' }),
  SIGN_IN_REQUIRED: userToken({ kind: 'needs-user', code: 'AADSTS50173' }),
  CONSENT_REQUIRED: userToken({ kind: 'consent', code: 'AADSTS65001' }),
  SCOPE_MISSING: new ForbiddenError('scope', 'scope'),
  ROLE_MISSING: new ForbiddenError('role', 'role'),
  TENANT_FORBIDDEN: new ForbiddenError('tenant', 'tenant'),
  CLIENT_FORBIDDEN: new ForbiddenError('client', 'client'),
  NOT_CONNECTED: new NotConnectedError('nothing'),
  LINK_OFF: new LinkOffError(),
  UPSTREAM_REFUSED: userToken({ kind: 'misconfigured', code: 'AADSTS7000222' }),
  THROTTLED: userToken({ kind: 'throttled', code: 'AADSTS50196' }),
  TOO_MANY_REQUESTS: new TooManyRequestsError(15),
  UNAVAILABLE: new UnavailableError('keys'),
  INTERNAL: new Error('a bug'),
};

const source = (path: string): string =>
  readFileSync(new URL(`../../../../${path}`, import.meta.url), 'utf8');

/** The cells of every row whose first one is code. */
const rows = source('docs/http.md')
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) =>
    line
      .split('|')
      .slice(1)
      .map((cell) => cell.replaceAll('`', '').trim()),
  );

const isRoute = ([first = '']: string[]): boolean => first.includes('/');
const documented = rows
  .filter((cells) => !isRoute(cells))
  .map(([code = '', status, error, retryAfter]) => ({
    code,
    status: Number(status),
    error: error === 'none' ? undefined : error,
    retryAfter: retryAfter === 'yes',
  }));

describe('docs/http.md', () => {
  it('has one row for every route that is shipped', () => {
    const registered = shippedMain().matchAll(/methods: \[([^\]]+)\][^}]+?route: '([^']+)'/g);
    const routes = [...registered].flatMap(([, methods = '', route]) =>
      (methods.match(/[A-Z]+/g) ?? []).map((method) => `${method} /api/${route}`),
    );
    expect(routes.length).toBeGreaterThan(0);
    const hint = 'a function of your own is registered beneath the last comment of functions/main.ts';
    expect(
      rows.filter(isRoute).map(([route]) => route),
      hint,
    ).toEqual(expect.arrayContaining(routes));
    expect(rows.filter(isRoute), hint).toHaveLength(routes.length);
  });

  it('has one row for every code', () => {
    expect(documented.map((row) => row.code).sort()).toEqual(Object.keys(ERRORS).sort());
  });

  it.each(documented)('says of $code what is answered', async (row) => {
    const context = new InvocationContext({
      functionName: 'profile',
      invocationId: 'id',
      logHandler: () => {},
    });
    const response = await answered(context, createTestClock(), () =>
      Promise.reject(ERRORS[row.code as ProblemCode]),
    );
    const headers = new Headers(response.headers as Record<string, string>);
    const challenge = headers.get('www-authenticate') ?? '';
    expect({
      code: (JSON.parse(String(response.body)) as Problem).code,
      status: response.status,
      error: /error="([^"]+)"/.exec(challenge)?.[1],
      retryAfter: headers.has('retry-after'),
    }).toEqual(row);
    expect(headers.get('access-control-expose-headers')).toBe('WWW-Authenticate, Retry-After');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });
});
