import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Attempt,
  nextStep,
  type Refused,
  reasonOf,
  refusedAgain,
  type Step,
} from '../../../../shared/browser/signInSteps.ts';

const NOW = 1_900_000_000_000;
const MINUTE = 60_000;
const CLAIMS = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}';

const attempt = (refusal: Refused, step: Step, ago = MINUTE): Attempt => ({
  reason: reasonOf(refusal),
  step,
  at: NOW - ago,
});

describe('nextStep', () => {
  it.each<[string, Refused, Step[]]>([
    ['a sign-in that is not enough', { code: 'SIGN_IN_REQUIRED' }, ['plain', 'login']],
    ['a sign-in that has ended', { code: 'TOKEN_INVALID' }, ['plain', 'login']],
    ['a missing consent', { code: 'CONSENT_REQUIRED' }, ['consent']],
    ['a challenge', { code: 'CLAIMS_REQUIRED', claims: CLAIMS }, ['claims']],
    ['a code of a newer service', { code: 'OF_A_NEWER_SERVICE' }, ['plain']],
  ])('takes the steps of %s, each once, and then none', (_what, refusal, steps) => {
    const attempts: Attempt[] = [];
    for (const step of steps) {
      expect(nextStep(refusal, attempts, NOW)).toBe(step);
      attempts.push(attempt(refusal, step));
    }
    expect(nextStep(refusal, attempts, NOW)).toBeUndefined();
  });

  it('takes none for what only a link asks for: the sign-in would bring the same refusal back', () => {
    const refusal = { code: 'CONSENT_REQUIRED', scopes: ['Files.Read'], link: { functions: ['drive'] } };
    expect(nextStep(refusal, [], NOW)).toBeUndefined();
  });

  it('begins with a plain redirect, which asks for no new sign-in', () => {
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

  it('meets two challenges and no third one, even if each of them is different', () => {
    const challenge = (value: number) => ({
      code: 'CLAIMS_REQUIRED',
      claims: CLAIMS.replace('c1', `c${value}`),
    });
    const attempts = [attempt(challenge(1), 'claims'), attempt(challenge(2), 'claims')];
    expect(nextStep(challenge(3), attempts, NOW)).toBeUndefined();
    expect(nextStep({ code: 'CLAIMS_REQUIRED' }, attempts, NOW)).toBeUndefined();
  });

  it('takes different permissions for a different refusal, once the first ones are given', () => {
    const first = { code: 'CONSENT_REQUIRED', scopes: ['Files.Read'] };
    const second = { code: 'CONSENT_REQUIRED', scopes: ['Mail.Read'] };
    expect(nextStep(second, [attempt(first, 'consent')], NOW)).toBeUndefined();
    const repaired = { ...attempt(first, 'consent'), isRepaired: true };
    expect(nextStep(second, [repaired], NOW)).toBe('consent');
    expect(nextStep({ ...first, scopes: [...first.scopes] }, [repaired], NOW)).toBeUndefined();
    const both = { code: 'CONSENT_REQUIRED', scopes: ['b', 'a'] };
    expect(nextStep({ ...both, scopes: ['a', 'b'] }, [attempt(both, 'consent')], NOW)).toBeUndefined();
  });

  it('meets challenge after challenge while each is repaired, but five at most', () => {
    const challenge = (value: number) => ({ code: 'CLAIMS_REQUIRED', claims: `{"c":${value}}` });
    const attempts: Attempt[] = [];
    while (nextStep(challenge(attempts.length), attempts, NOW) === 'claims') {
      attempts.push({ ...attempt(challenge(attempts.length), 'claims'), isRepaired: true });
    }
    expect(attempts).toHaveLength(5);
  });

  it('does not take a refusal that comes again after its repair for a new one', () => {
    const challenge = { code: 'CLAIMS_REQUIRED', claims: CLAIMS };
    expect(nextStep(challenge, [{ ...attempt(challenge, 'claims'), isRepaired: true }], NOW)).toBeUndefined();
    const again = { code: 'SIGN_IN_REQUIRED' };
    const plain = { ...attempt(again, 'plain'), isRepaired: true };
    expect(nextStep(again, [plain], NOW)).toBe('login');
    const login = { ...attempt(again, 'login'), isRepaired: true };
    expect(nextStep(again, [plain, login], NOW)).toBeUndefined();
  });

  it('ends for refusals and repairs in any order: five redirects in five minutes at most for one code', () => {
    const steps = fc.array(
      fc.record({ value: fc.nat(9), isRepaired: fc.boolean(), hasClaims: fc.boolean() }),
      {
        maxLength: 60,
      },
    );
    fc.assert(
      fc.property(
        fc.constantFrom('CLAIMS_REQUIRED', 'SIGN_IN_REQUIRED', 'CONSENT_REQUIRED'),
        steps,
        (code, met) => {
          const attempts: Attempt[] = [];
          for (const { value, isRepaired, hasClaims } of met) {
            const refusal = { code, ...(hasClaims ? { claims: `${value}` } : { scopes: [`${value}`] }) };
            const step = nextStep(refusal, attempts, NOW);
            if (step !== undefined) attempts.push({ ...attempt(refusal, step), isRepaired });
          }
          expect(attempts.length).toBeLessThanOrEqual(5);
        },
      ),
    );
  });

  it('begins anew when the clock was set back by more than five minutes', () => {
    const refusal = { code: 'CONSENT_REQUIRED' };
    expect(nextStep(refusal, [attempt(refusal, 'consent', -6 * MINUTE)], NOW)).toBe('consent');
    expect(nextStep(refusal, [attempt(refusal, 'consent', -4 * MINUTE)], NOW)).toBeUndefined();
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

describe('refusedAgain', () => {
  const refused = (refusedWith: string, ago = MINUTE): Attempt => ({
    ...attempt({ code: 'SIGN_IN' }, 'plain', ago),
    refusedWith,
  });
  const again = (ago: number) => ({ refusedWith: 'AADSTS53003', until: NOW - ago + 5 * MINUTE });

  it.each<[string, Attempt[], ReturnType<typeof again> | undefined]>([
    ['nothing was tried', [], undefined],
    ['it was refused once', [refused('AADSTS53003')], undefined],
    ['it was refused twice', [refused('AADSTS53003', 2 * MINUTE), refused('AADSTS53003')], again(2 * MINUTE)],
    [
      'it was refused three times',
      [refused('AADSTS53003', 3 * MINUTE), refused('AADSTS53003', 2 * MINUTE), refused('AADSTS53003')],
      again(2 * MINUTE),
    ],
    ['it was refused in two ways', [refused('AADSTS53003'), refused('AADSTS50105')], undefined],
    ['one of the two is long ago', [refused('AADSTS53003', 6 * MINUTE), refused('AADSTS53003')], undefined],
    [
      'another sign-in has begun since',
      [refused('AADSTS53003'), refused('AADSTS53003'), attempt({ code: 'SIGN_IN' }, 'plain', 0)],
      undefined,
    ],
  ])('when %s', (_when, attempts, expected) => {
    expect(refusedAgain(attempts, NOW)).toEqual(expected);
  });
});
