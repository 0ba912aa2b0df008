import { createHash, randomBytes } from 'node:crypto';
import type { Clock } from '../../../shared/clock.ts';
import { PlainError } from '../../cli/errors.ts';
import { refusalOf } from './askToken.ts';
import { awaitRedirect } from './awaitRedirect.ts';

/** A code, and the PKCE verifier that redeems it. */
export type Code = { code: string; verifier: string };

type How = {
  redirectUri: URL;
  /** How long the sign-in may take. */
  waitMs: number;
  /** What is printed before the address. */
  invitation: string;
  clock: Clock;
  tell: (line: string) => void;
};

/**
 * Has a person sign in, in a browser.
 * @param asked beside what the flow itself needs
 * @throws {PlainError} they were refused, or did not come back in time.
 */
export async function signIn(
  authorize: URL,
  asked: Readonly<Record<string, string>>,
  { redirectUri, waitMs, invitation, clock, tell }: How,
): Promise<Code> {
  const state = randomBytes(16).toString('base64url');
  const verifier = randomBytes(32).toString('base64url');
  const query = {
    redirect_uri: redirectUri.href,
    ...asked,
    ...{ response_type: 'code', response_mode: 'query', state, client_info: '1' },
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  };
  const address = new URL(authorize);
  for (const [name, value] of Object.entries(query)) address.searchParams.set(name, value);
  const redirect = await awaitRedirect({ redirectUri, state, waitMs }, clock);
  try {
    tell(`${invitation}\n\n${address.href}\n`);
    const answer = await redirect.answer;
    const code = answer.get('code');
    if (code) return { code, verifier };
    const number = /AADSTS(\d+)/.exec(answer.get('error_description') ?? '')?.[1];
    throw new PlainError(refusedSignIn(answer.get('error'), number));
  } finally {
    redirect.close();
  }
}

function refusedSignIn(error: unknown, number: string | undefined): string {
  const says = `The sign-in was refused (${refusalOf(error, undefined, number)}).`;
  switch (number) {
    case '65004':
      return `${says} Whoever signed in declined the consent. Run the probe again, and accept.`;
    case '90094':
      return `${says} Only an administrator may consent: npm run entra:register -- --admin-consent.`;
    default:
      return `${says} "npm run doctor" examines the registrations.`;
  }
}
