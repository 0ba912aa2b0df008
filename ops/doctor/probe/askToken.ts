import type { Fetch } from '../../../shared/api.ts';
import type { Clock } from '../../../shared/clock.ts';
import { PlainError } from '../../cli/errors.ts';
import { readObject } from '../../cli/readObject.ts';
import { isOutage, nameOf } from '../askJson.ts';

/** An answer of the token endpoint, as it came. It holds tokens, so nothing of it is printed but what `facts.ts` picks. */
export type TokenAnswer = {
  status: number;
  json: Record<string, unknown>;
  /** When it came. */
  at: Date;
};

export type AskToken = (parameters: Record<string, string>, origin?: string) => Promise<TokenAnswer>;

const TIMEOUT_MS = 30_000;

/** Sends requests to the token endpoint. They throw {@link PlainError} if it does not answer, or fails. */
export function createAskToken(endpoint: string, { fetch, clock }: { fetch: Fetch; clock: Clock }): AskToken {
  return async (parameters, origin) => {
    try {
      const response = await fetch(endpoint, {
        method: 'POST',
        // Entra redeems the code of a single-page application only for a request that comes from a page.
        headers: origin === undefined ? {} : { origin },
        body: new URLSearchParams(parameters),
        redirect: 'error',
        signal: clock.timeout(TIMEOUT_MS),
      });
      const json = readObject(await response.text());
      if (!isOutage(response.status)) return { status: response.status, json, at: clock.now() };
      throw new PlainError(`The token endpoint answers ${response.status}. Try again later.`);
    } catch (error) {
      if (error instanceof PlainError) throw error;
      throw new PlainError(`The token endpoint does not answer (${nameOf(error)}). Check the network.`);
    }
  };
}

/** @throws {PlainError} `name` is not a text of the answer. */
export function textIn({ json }: TokenAnswer, name: string): string {
  const { [name]: value } = json;
  if (typeof value === 'string' && value !== '') return value;
  throw new PlainError(`Entra's answer has no ${name}. Without it the probe cannot go on.`);
}

/** What a refusal says, without its text: an OAuth error, a suberror and an AADSTS number. */
export function refusalOf(error: unknown, suberror: unknown, number: unknown): string {
  const codes = [error, suberror, number === undefined ? undefined : `AADSTS${number}`];
  return codes.filter((code) => typeof code === 'string' && /^[\w.-]{1,64}$/.test(code)).join(', ');
}

export const codeOf = ({ json }: TokenAnswer): number | undefined =>
  Array.isArray(json.error_codes) && typeof json.error_codes[0] === 'number'
    ? json.error_codes[0]
    : undefined;
