/** No refusal of a sign-in may loop, whatever its number; noLoop.test.ts has one of each kind. */
import { afterAll, beforeAll, describe, it } from 'vitest';
import { type PageUnderTest, startPageUnderTest } from './pageUnderTest.ts';
import { EXAMPLES, expectSignInEnds, NUMBERS } from './refusedSignIn.ts';

let app: PageUnderTest;

beforeAll(async () => {
  app = await startPageUnderTest();
});
afterAll(() => app?.close());

describe('a refusal at the sign-in itself', () => {
  it.each(
    NUMBERS.filter((number) => !EXAMPLES.includes(number)),
  )('with AADSTS%i ends, and names what an administrator needs', (errorNo) => expectSignInEnds(app, errorNo));
});
