import { isRecord } from '../isRecord.ts';
import type { LinkSealer } from '../ports.ts';
import { readUserId, type UserId } from '../userId.ts';

/** What every sealed text of a link has. */
type OfLink = {
  userId: UserId;
  /** That of the connection. Another connection of the same user is another link. */
  generation: string;
  /** The id of the step, as the account has it. */
  id: string;
  returnUrl: string;
  /** What it is for: permissions of Microsoft Graph, without the resource, so that a cookie has room for them. */
  scopes: string[];
};

/** What a ticket holds. */
export type LinkTicketText = OfLink & {
  /** When it ends: milliseconds since 1970. */
  until: number;
};

/** What the cookie holds while the browser is at Entra's page. */
export type LinkCookieText = LinkTicketText & {
  state: string;
  nonce: string;
  /** The PKCE verifier (RFC 7636). */
  verifier: string;
};

/** @returns undefined if it is no ticket of this application */
export async function openTicket(sealer: LinkSealer, sealed: string): Promise<LinkTicketText | undefined> {
  return ticketIn(await sealer.open('ticket', sealed));
}

/** @returns undefined if it is no cookie of this application */
export async function openCookie(sealer: LinkSealer, sealed: string): Promise<LinkCookieText | undefined> {
  const content = await sealer.open('cookie', sealed);
  const common = ticketIn(content);
  if (common === undefined || !isRecord(content)) return undefined;
  const { state, nonce, verifier } = content;
  if (![state, nonce, verifier].every((text) => typeof text === 'string' && text !== '')) return undefined;
  return { ...common, state: String(state), nonce: String(nonce), verifier: String(verifier) };
}

/** Another release may have sealed it, so its form is not taken for granted. */
function ticketIn(content: Readonly<Record<string, unknown>> | undefined): LinkTicketText | undefined {
  if (content === undefined) return undefined;
  const { userId, generation, id, returnUrl, scopes, until } = content;
  const user = readUserId(userId);
  if (user === undefined || typeof generation !== 'string' || typeof id !== 'string') return undefined;
  if (typeof returnUrl !== 'string' || typeof until !== 'number') return undefined;
  if (!Array.isArray(scopes) || !scopes.every((scope) => typeof scope === 'string')) return undefined;
  return { userId: user, generation, id, returnUrl, scopes, until };
}
