import { describe, expect, it } from 'vitest';
import { classifyFailure } from '../../../../shared/tokens/failures.ts';
import { upstreamIds } from '../../../../shared/tokens/upstream.ts';

const ID = '11111111-2222-4333-8444-555555555555';

describe('upstreamIds', () => {
  it.each([
    ['2026-11-20 09:00:00Z', '2026-11-20T09:00:00.000Z'],
    ['2026-11-20T09:00:00Z', '2026-11-20T09:00:00.000Z'],
    ['2026-11-20T09:00:00.1234567Z', '2026-11-20T09:00:00.123Z'],
    ['Fri, 20 Nov 2026 09:00:00 GMT', '2026-11-20T09:00:00.000Z'],
  ])('gives the time %s in ISO 8601', (timestamp, iso) => {
    expect(upstreamIds('graph', { timestamp })).toEqual({ service: 'graph', timestamp: iso });
  });

  it('takes ids that are GUIDs', () => {
    expect(upstreamIds('entra', { traceId: ID, correlationId: ID, requestId: ID })).toEqual({
      service: 'entra',
      traceId: ID,
      correlationId: ID,
      requestId: ID,
    });
  });

  it.each([
    'anna.berg@contoso.example',
    `${ID} Anna Berg`,
    'eyJhbGciOiJub25lIn0.e30.',
    '',
    7,
    null,
    undefined,
    { id: ID },
  ])('takes nothing else for an id or a time: %j', (value) => {
    const sent = { traceId: value, correlationId: value, requestId: value, timestamp: value };
    expect(upstreamIds('entra', sent)).toEqual({ service: 'entra' });
  });

  it.each([
    'soon',
    '2026-11-20 09:00:00',
    '2026-13-40 09:00:00Z',
    'Fri, 20 Nov 2026 09:00:00 GMT, Anna',
    'Fri, 20 Nov 2026 09:00:00 GMT (Anna)',
    '(Anna) Fri, 20 Nov 2026 09:00:00 GMT',
    ['2026-11-20T09:00:00Z'],
  ])('takes %j for no time', (timestamp) => {
    expect(upstreamIds('entra', { timestamp })).toStrictEqual({ service: 'entra' });
  });
});

describe('a failure', () => {
  it('carries the ids with the code that Entra gave, or else the one that stands for it', () => {
    const upstream = { service: 'entra', traceId: ID } as const;
    const facts = { error: 'invalid_grant', status: 400, upstream };
    expect(classifyFailure({ ...facts, errorNo: 65001 }).upstream).toEqual({
      ...upstream,
      code: 'AADSTS65001',
    });
    expect(classifyFailure(facts).upstream).toEqual({ ...upstream, code: 'invalid_grant' });
    expect(classifyFailure({ noAnswer: 'http_503_not_json', status: 503, upstream }).upstream).toEqual({
      ...upstream,
      code: 'http_503_not_json',
    });
  });

  it('carries them with Graph’s status', () => {
    const upstream = { service: 'graph', requestId: ID } as const;
    expect(classifyFailure({ error: 'graph_403', status: 403, upstream }).upstream).toEqual({
      ...upstream,
      code: '403',
    });
  });

  it('has none where nobody answered', () => {
    expect(classifyFailure({ noAnswer: 'ECONNREFUSED' })).not.toHaveProperty('upstream');
  });
});
