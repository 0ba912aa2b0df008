import type { Words } from '../words/words.ts';

/** What a link came to, as the service writes it into the address of the page. */
export type LinkResult = keyof Words['stay']['results'];

const RESULTS: Record<LinkResult, true> = {
  linked: true,
  cancelled: true,
  admin: true,
  consent: true,
  'other-user': true,
  ended: true,
  expired: true,
  used: true,
  refused: true,
  unavailable: true,
};

/** What the address says of a link. It proves nothing: anybody can make such an address. */
export function readLinkResult(search: string): LinkResult | undefined {
  const result = new URLSearchParams(search).get('link') ?? '';
  return Object.hasOwn(RESULTS, result) ? (result as LinkResult) : undefined;
}
