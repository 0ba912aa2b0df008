import { describe, expect, it } from 'vitest';
import { readOutcome } from '../../../spa/src/adminOutcome.ts';

describe('readOutcome', () => {
  it.each([
    ['?admin_consent=True&tenant=x&scope=y&state=z', { state: 'given' }],
    [
      '?error=access_denied&error_description=AADSTS65004%3A+Declined',
      { state: 'refused', code: 'AADSTS65004' },
    ],
    ['?error=access_denied&admin_consent=True', { state: 'refused', code: 'access_denied' }],
    ['?error=%3Cimg+src%3Dx%3E', { state: 'refused', code: 'unknown' }],
    ['?error=', { state: 'refused', code: 'unknown' }],
    ['?error=x&error_description=%3Cb%3EAADSTS1', { state: 'refused', code: 'x' }],
    ['?admin_consent=False', { state: 'nothing' }],
    ['?tenant=x', { state: 'nothing' }],
    ['', { state: 'nothing' }],
  ])('of "%s"', (search, outcome) => {
    expect(readOutcome(search)).toEqual(outcome);
  });
});
