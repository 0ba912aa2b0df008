import { describe, expect, it } from 'vitest';
import { readOutcome } from '../../../../spa/src/session/adminOutcome.ts';

describe('readOutcome', () => {
  it.each([
    ['?admin_consent=True&tenant=x&scope=y&state=z', { state: 'given' }],
    [
      '?error=access_denied&error_description=AADSTS65004%3A+Declined',
      { state: 'refused', code: 'AADSTS65004', ids: [] },
    ],
    ['?error=access_denied&admin_consent=True', { state: 'refused', code: 'access_denied', ids: [] }],
    ['?error=%3Cimg+src%3Dx%3E', { state: 'refused', code: 'unknown', ids: [] }],
    ['?error=', { state: 'refused', code: 'unknown', ids: [] }],
    ['?error=x&error_description=%3Cb%3EAADSTS1', { state: 'refused', code: 'x', ids: [] }],
    ['?admin_consent=False', { state: 'nothing' }],
    ['?tenant=x', { state: 'nothing' }],
    ['', { state: 'nothing' }],
    [
      `?${new URLSearchParams({
        error: 'access_denied',
        error_description:
          'AADSTS90094: Call +1 555 0100. Trace ID: <b> Correlation ID: 8f2f0dd3-17a6-4a0f-9a63-3d2a2c8e5f10\r\nTimestamp: 2031-05-06 07:08:09Z',
      })}`,
      {
        state: 'refused',
        code: 'AADSTS90094',
        ids: [
          { name: 'entraCorrelationId', value: '8f2f0dd3-17a6-4a0f-9a63-3d2a2c8e5f10' },
          { name: 'entraTime', value: '2031-05-06 07:08:09Z' },
        ],
      },
    ],
  ])('of "%s"', (search, outcome) => {
    expect(readOutcome(search)).toEqual(outcome);
  });
});
