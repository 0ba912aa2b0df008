import { isLoopback } from '../../isLoopback.ts';
import { readBase64 } from '../../readBase64.ts';

/** Where notices are sent, and what they are signed with. */
export type WebhookSettings = {
  /** With https; http is allowed only on loopback. */
  url: string;
  /** Each notice has a signature by each of them, so that a receiver can change its secret at any time. */
  secrets: readonly [Uint8Array, ...Uint8Array[]];
  /** The page to which the receiver can send the user. */
  link?: string;
};

const PREFIX = 'whsec_';
/** By Standard Webhooks a secret has from 24 to 64 bytes. */
const LEAST_BYTES = 24;
const MOST_BYTES = 64;

/** Why an address cannot be the receiver's or the page's; undefined if it can. */
export function addressFault(text: string): { problem: string; remedy: string } | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !['https:', 'http:'].includes(url.protocol)) {
    return { problem: 'is not a URL', remedy: 'Give an address with https.' };
  }
  if (url.username + url.password !== '') {
    return { problem: 'has a user name or a password', remedy: 'Remove what is before the @.' };
  }
  if (url.protocol === 'http:' && !isLoopback(url)) {
    return { problem: 'is an address without TLS', remedy: 'Use https. Only localhost may use http.' };
  }
  return undefined;
}

/**
 * Reads secrets that are separated by spaces.
 * @returns undefined if one of them cannot be used, or there is none
 */
export function readSecrets(text: string): [Uint8Array, ...Uint8Array[]] | undefined {
  const [first, ...others] = text.split(/\s+/).filter(Boolean).map(readSecret);
  if (first === undefined) return undefined;
  const known = others.filter((secret) => secret !== undefined);
  return known.length === others.length ? [first, ...known] : undefined;
}

function readSecret(text: string): Uint8Array | undefined {
  const bytes = text.startsWith(PREFIX) ? readBase64(text.slice(PREFIX.length)) : undefined;
  return bytes !== undefined && bytes.length >= LEAST_BYTES && bytes.length <= MOST_BYTES ? bytes : undefined;
}
