import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UnavailableError, UserTokenError } from '../../../shared/errors.ts';
import { createLog, type LogEvent, nameOfError, readable, upstreamRefused } from '../../../shared/log.ts';
import { unreadable } from '../../support/unreadable.ts';

function logTo(correlationId?: string) {
  const lines: [level: string, line: string][] = [];
  const sink = {
    info: (line: string) => lines.push(['info', line]),
    warn: (line: string) => lines.push(['warn', line]),
    error: (line: string) => lines.push(['error', line]),
  };
  return { log: createLog(sink, correlationId), lines };
}

describe('createLog', () => {
  it.each<[level: string, event: LogEvent]>([
    ['info', { event: 'request.answered', status: 200, ms: 3 }],
    ['error', { event: 'request.failed', status: 500, ms: 3, code: 'INTERNAL', error: 'TypeError' }],
    ['info', { event: 'account.seen-first', user: '0123456789abcdef' }],
    ['info', { event: 'account.healed', user: '0123456789abcdef' }],
    ['warn', { event: 'account.not-recorded', user: '0123456789abcdef', error: 'ConflictError' }],
    ['warn', { event: 'cache.not-read', user: '0123456789abcdef', why: 'corrupt' }],
    ['warn', { event: 'cache.not-written', user: '0123456789abcdef', why: 'deleted' }],
    ['error', { event: 'cache.foreign-entry', user: '0123456789abcdef' }],
    ['warn', { event: 'cache.former-home-dropped', user: '0123456789abcdef' }],
    ['warn', { event: 'grant.refused', user: '0123456789abcdef', grant: 'code', dropped: true }],
    ['info', { event: 'user.check-ended', user: '0123456789abcdef', outcome: 'refreshed', ms: 3 }],
    ['error', { event: 'user.failed-unexpectedly', user: '0123456789abcdef', error: 'TypeError' }],
    ['warn', { event: 'lease.abandoned', user: '0123456789abcdef', runId: 'a run' }],
    ['info', { event: 'token.used', user: '0123456789abcdef', by: 'profile', api: 'graph', source: 'cache' }],
    ['info', { event: 'task.ended', user: '0123456789abcdef', task: 'read-mail', outcome: 'done', ms: 3 }],
    ['info', { event: 'task.note', user: '0123456789abcdef', task: 'read-mail', note: '3 new' }],
    ['info', { event: 'upstream.refused', user: '0123456789abcdef', service: 'entra', code: 'AADSTS65001' }],
    ['info', { event: 'account.ended', user: '0123456789abcdef', as: 'disconnected' }],
    ['info', { event: 'account.reconnected', user: '0123456789abcdef' }],
    [
      'warn',
      {
        event: 'cooldown.began',
        api: 'token',
        whose: 'tenant',
        kind: 'throttled',
        code: 'http_429',
        until: '2026-11-20T09:00:00Z',
      },
    ],
    ['warn', { event: 'cooldowns.not-read', error: 'UnavailableError' }],
    ['error', { event: 'sweep.misconfigured', code: 'AADSTS7000222', remedy: 'Renew it.', stops: true }],
    ['error', { event: 'sweep.shard-failed', shard: '0', error: 'UnavailableError' }],
    [
      'error',
      { event: 'storage.unreachable', setting: 'TokenStore', remedy: 'Start it.', error: 'RestError' },
    ],
    ['info', { event: 'storage.ready' }],
  ])('writes at level %s, as one JSON line: $event', (level, event) => {
    const { log, lines } = logTo();
    log(event);
    expect(lines).toEqual([[level, JSON.stringify(event)]]);
  });

  it('adds the correlation id it was made with', () => {
    const { log, lines } = logTo('an-invocation-id');
    log({ event: 'storage.ready' });
    expect(lines).toEqual([['info', '{"event":"storage.ready","correlationId":"an-invocation-id"}']]);
  });

  it('writes one line whatever a field holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii' }), (why) => {
        const { log, lines } = logTo();
        log({ event: 'cache.not-read', user: '', why });
        expect(lines).toHaveLength(1);
        expect(lines[0]?.[1]).not.toMatch(/[\n\r]/);
        expect(JSON.parse(lines[0]?.[1] ?? '')).toEqual({ event: 'cache.not-read', user: '', why });
      }),
    );
  });
});

describe('upstreamRefused', () => {
  it('tells all ids, and theirs apart from ours', () => {
    const ids = { traceId: 'a trace', requestId: 'a request', timestamp: '2026-11-20T09:00:00.000Z' };
    const { log, lines } = logTo('ours');
    const reference = { service: 'entra', code: 'AADSTS65001', correlationId: 'theirs', ...ids } as const;
    log(upstreamRefused(reference, '0123456789abcdef'));
    expect(JSON.parse(lines[0]?.[1] ?? '')).toEqual({
      event: 'upstream.refused',
      user: '0123456789abcdef',
      service: 'entra',
      code: 'AADSTS65001',
      upstreamCorrelationId: 'theirs',
      ...ids,
      correlationId: 'ours',
    });
  });
});

describe('nameOfError', () => {
  it('comes to an end with an error that is its own cause', () => {
    const error = new Error('round and round');
    error.cause = error;
    expect(nameOfError(error)).toMatch(/^Error(?:<Error)+$/);
  });

  it.each<[what: string, error: unknown]>([
    ['has a symbol for its name', Object.assign(new Error('x'), { name: Symbol('x') })],
    ['has a name without a text', Object.assign(new Error('x'), { name: Object.create(null) })],
    [
      'throws when its code is read',
      Object.defineProperty(new Error('x'), 'code', {
        get() {
          throw new Error('x');
        },
      }),
    ],
    ['is a revoked proxy', unreadable()],
    ['has such a cause', new Error('x', { cause: Object.assign(new Error('x'), { name: Symbol('x') }) })],
  ])('tells of an error that %s that it cannot be read', (_what, error) => {
    expect(nameOfError(error)).toBe('unreadable');
    expect(readable(error)).toBeInstanceOf(Error);
    expect(nameOfError(readable(error))).toBe('unreadable');
  });

  it.each([new TypeError('x'), 'text', undefined, null])('leaves %o as it is', (error) => {
    expect(readable(error)).toBe(error);
  });

  const withFields = (error: Error, fields: object): Error => Object.assign(error, fields);

  it.each<[error: unknown, name: string]>([
    [new TypeError('x'), 'TypeError'],
    [withFields(new Error('x'), { code: 'ECONNREFUSED' }), 'Error:ECONNREFUSED'],
    [
      withFields(new Error('x'), { name: 'RestError', code: 'BlobNotFound', statusCode: 404 }),
      'RestError:BlobNotFound:404',
    ],
    [withFields(new Error('x'), { code: 7, statusCode: 'x' }), 'Error'],
    [
      new UnavailableError('accounts', { cause: withFields(new Error('x'), { code: 'ETIMEDOUT' }) }),
      'UnavailableError<Error:ETIMEDOUT',
    ],
    [new UserTokenError({ kind: 'tenant', code: 'AADSTS700016' }), 'UserTokenError:AADSTS700016'],
    ['text', 'string'],
    [undefined, 'undefined'],
    [null, 'object'],
  ])('tells %o by class and code', (error, name) => {
    expect(nameOfError(error)).toBe(name);
  });

  it('shows no message and no URL, of the error or of its causes', () => {
    const secret = 'https://account.table.core.windows.net/a0000000/c0000000?sig=canary';
    const cause = withFields(new Error(secret), { url: secret, request: { url: secret }, statusCode: 503 });
    expect(nameOfError(new Error(secret, { cause: new TypeError(secret, { cause }) }))).toBe(
      'Error<TypeError<Error:503',
    );
    expect(nameOfError(secret)).toBe('string');
    expect(nameOfError(new Error(secret, { cause: secret }))).toBe('Error');
  });
});
