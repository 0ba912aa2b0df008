import type { LinkResult } from './linkResult.ts';

/** When this tab last left for a link that was to give a permission, in epoch milliseconds. */
const KEY = 'stead.link-in-vain';
/** As long as a redirect of a sign-in counts (`signInSteps.ts`). */
const FOR_MS = 300_000;

/**
 * Notes a link before the page is left for it. Whoever comes back by the page's own address brings no result, and would meet the
 * same wall at the directory again. What is left then is the sign-in, and after it the administrator.
 */
export const noteLinkBegun = (): void => sessionStorage.setItem(KEY, String(Date.now()));

/** @param result what came of the link that led to this page load, if one did */
export function noteLinkResult(result: LinkResult | undefined): void {
  // A person who has said no at the directory may change their mind.
  if (result === 'linked' || result === 'cancelled') forgetLinkInVain();
}

export const wasLinkInVain = (): boolean =>
  Math.abs(Date.now() - Number(sessionStorage.getItem(KEY) ?? 0)) < FOR_MS;

/** For another person, who begins with the first step. */
export const forgetLinkInVain = (): void => sessionStorage.removeItem(KEY);
