import { createHash } from 'node:crypto';
import type { Person } from './entraTypes.ts';
import type { World } from './world.ts';

const CODE_MS = 10 * 60_000;

/** What a sign-in has left at Entra. `asked`: the parameters of its address. */
type Code = { person: Person; asked: URLSearchParams; issued: number; isSpent: boolean };

/** Entra's page, and the codes that it gives the browser. */
export function createCodes(world: World, onSpentTwice: (person: Person) => void) {
  const codes = new Map<string, Code>();

  return {
    find: (text: string | null): Code | undefined => codes.get(text ?? ''),

    /**
     * A user signs in and consents to what is asked for. In the page of another tenant they cannot.
     * @param whom undefined for a user who cancels
     * @returns what the browser brings back
     */
    signIn(address: string, whom: Person | undefined): URLSearchParams {
      const { pathname, searchParams: asked } = new URL(address);
      const state = asked.get('state') ?? '';
      if (whom === undefined) return new URLSearchParams({ error: 'access_denied', state });
      if (!pathname.startsWith(`/${whom.tid}/`)) return new URLSearchParams({ error: 'server_error', state });
      const code = `code.${whom.name}.${codes.size + 1}`;
      codes.set(code, { person: whom, asked, issued: world.now(), isSpent: false });
      whom.consented.graph = true;
      whom.consentLacksScope = false;
      return new URLSearchParams({ code, state });
    },

    /**
     * A code is good once, for a few minutes, and for the browser and the application that asked for it.
     * @returns the number and the name of the refusal, if it is refused
     */
    spend(code: Code, form: URLSearchParams): [number, string?] | undefined {
      const { person, asked, issued, isSpent } = code;
      if (isSpent) onSpentTwice(person);
      if (isSpent) return [54005];
      if (issued + CODE_MS <= world.now()) return [70008];
      const hash = createHash('sha256').update(form.get('code_verifier') ?? '');
      if (hash.digest('base64url') !== asked.get('code_challenge')) return [501481];
      if (form.get('redirect_uri') !== asked.get('redirect_uri')) return [50011, 'invalid_client'];
      code.isSpent = true;
      return undefined;
    },
  };
}
