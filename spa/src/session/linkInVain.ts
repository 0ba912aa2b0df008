import type { LinkResult } from './linkResult.ts';

/** When a link of this tab came to nothing, in epoch milliseconds. */
const KEY = 'stead.link-in-vain';
/** As long as a redirect of a sign-in counts (`signInSteps.ts`). */
const FOR_MS = 300_000;
/** After these, another link comes to the same. The sign-in and then the administrator are what is left. */
const IN_VAIN: ReadonlySet<LinkResult> = new Set<LinkResult>(['admin', 'consent', 'refused']);

/** @param result what came of the link that led to this page load, if one did */
export function noteLinkResult(result: LinkResult | undefined): void {
  if (result !== undefined && IN_VAIN.has(result)) sessionStorage.setItem(KEY, String(Date.now()));
  if (result === 'linked') forgetLinkInVain();
}

export const wasLinkInVain = (): boolean =>
  Math.abs(Date.now() - Number(sessionStorage.getItem(KEY) ?? 0)) < FOR_MS;

/** For another person, who begins with the first step. */
export const forgetLinkInVain = (): void => sessionStorage.removeItem(KEY);
