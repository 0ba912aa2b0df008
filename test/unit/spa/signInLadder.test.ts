import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Attempt,
  isRefusedAgain,
  nextStep,
  reasonOf,
  type Step,
} from '../../../spa/src/signInLadder.ts';

const NOW = 1_900_000_000_000;
const MINUTE = 60_000;
const CLAIMS = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}';
type Refused = { code: string; claims?: string };

const attempt = (refusal: Refused, step: Step, ago = MINUTE): Attempt => ({
  reason: reasonOf(refusal),
  step,
  at: NOW - ago,
});

describe('nextStep', () => {
  it.each<[string, Refused, Step[]]>([
    ['a sign-in that is not enough', { code: 'SIGN_IN_REQUIRED' }, ['plain', 'login']],
    ['a sign-in that is over', { code: 'TOKEN_INVALID' }, ['plain', 'login']],
    ['a missing consent', { code: 'CONSENT_REQUIRED' }, ['consent']],
    ['a challenge', { code: 'CLAIMS_REQUIRED', claims: CLAIMS }, ['claims']],
    ['a code that nobody knows', { code: 'OF_A_NEWER_SERVICE' }, ['plain']],
  ])('takes the steps of %s, each once, and then none', (_what, refusal, steps) => {
    const attempts: Attempt[] = [];
    for (const step of steps) {
      expect(nextStep(refusal, attempts, NOW)).toBe(step);
      attempts.push(attempt(refusal, step));
    }
    expect(nextStep(refusal, attempts, NOW)).toBeUndefined();
  });

  it('asks for no consent and no new sign-in before the service refused', () => {
    for (const code of ['SIGN_IN_REQUIRED', 'TOKEN_INVALID'])
      expect(nextStep({ code }, [], NOW)).toBe('plain');
  });

  it('begins anew after five minutes', () => {
    const refusal = { code: 'CONSENT_REQUIRED' };
    expect(nextStep(refusal, [attempt(refusal, 'consent', 5 * MINUTE - 1)], NOW)).toBeUndefined();
    expect(nextStep(refusal, [attempt(refusal, 'consent', 5 * MINUTE)], NOW)).toBe('consent');
  });

  it('takes different claims for a different refusal', () => {
    const first = { code: 'CLAIMS_REQUIRED', claims: CLAIMS };
    const second = { code: 'CLAIMS_REQUIRED', claims: CLAIMS.replace('c1', 'c2') };
    expect(nextStep(second, [attempt(first, 'claims')], NOW)).toBe('claims');
  });

  it('ends for every refusal that stays the same', () => {
    fc.assert(
      fc.property(fc.string(), fc.option(fc.string(), { nil: undefined }), (code, claims) => {
        const refusal = { code, ...(claims === undefined ? {} : { claims }) };
        const attempts: Attempt[] = [];
        for (let step = nextStep(refusal, attempts, NOW); step; step = nextStep(refusal, attempts, NOW)) {
          attempts.push(attempt(refusal, step));
          expect(attempts.length).toBeLessThanOrEqual(2);
        }
      }),
    );
  });
});

describe('isRefusedAgain', () => {
  const refused = (refusedWith: string, ago = MINUTE): Attempt => ({
    ...attempt({ code: 'SIGN_IN' }, 'plain', ago),
    refusedWith,
  });

  it.each<[string, Attempt[], boolean]>([
    ['nothing was tried', [], false],
    ['it was refused once', [refused('AADSTS53003')], false],
    ['it was refused twice', [refused('AADSTS53003'), refused('AADSTS53003')], true],
    ['it was refused in two ways', [refused('AADSTS53003'), refused('AADSTS50105')], false],
    ['one of the two is long ago', [refused('AADSTS53003', 6 * MINUTE), refused('AADSTS53003')], false],
  ])('when %s', (_when, attempts, expected) => {
    expect(isRefusedAgain('AADSTS53003', attempts, NOW)).toBe(expected);
  });
});
