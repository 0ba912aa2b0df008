import { CompactEncrypt, compactDecrypt, decodeProtectedHeader, errors } from 'jose';
import { isRecord } from '../../isRecord.ts';
import type { LinkPurpose, LinkSealer } from '../../ports.ts';
import type { CacheKey } from './seal.ts';
import { deriveKey, LINK_COOKIE_LABEL, LINK_TICKET_LABEL, RUN_TICKETS_LABEL } from './userKey.ts';

const LABELS: Record<LinkPurpose, string> = {
  ticket: LINK_TICKET_LABEL,
  cookie: LINK_COOKIE_LABEL,
  run: RUN_TICKETS_LABEL,
};
/** Longer than any that is sealed here. A longer text is refused before it is parsed. */
const MAX_LENGTH = 4_000;

/**
 * Seals what a link needs as compact JWE (RFC 7516) with `dir` and `A256GCM`. Each purpose has a key of its own, so a ticket is
 * no cookie. The header does not name the user, because a ticket is in an address.
 * @param keys master keys: the first one seals, and each one opens
 */
export function createLinkSealer(keys: readonly [CacheKey, ...CacheKey[]]): LinkSealer {
  const keyFor = (kid: unknown, purpose: LinkPurpose): Uint8Array | undefined => {
    const master = keys.find((key) => key.kid === kid);
    return master && deriveKey(master.secret, LABELS[purpose]);
  };

  return {
    seal: (purpose, content) =>
      new CompactEncrypt(new TextEncoder().encode(JSON.stringify(content)))
        .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: keys[0].kid })
        .encrypt(deriveKey(keys[0].secret, LABELS[purpose])),

    async open(purpose, sealed) {
      if (sealed.length > MAX_LENGTH) return undefined;
      try {
        const { kid } = decodeProtectedHeader(sealed);
        const key = keyFor(kid, purpose);
        if (key === undefined) return undefined;
        const { plaintext } = await compactDecrypt(sealed, key, {
          keyManagementAlgorithms: ['dir'],
          contentEncryptionAlgorithms: ['A256GCM'],
        });
        const content: unknown = JSON.parse(new TextDecoder().decode(plaintext));
        return isRecord(content) ? content : undefined;
      } catch (error) {
        // What `decodeProtectedHeader` cannot read is a TypeError, and what is no JSON a SyntaxError.
        if (error instanceof errors.JOSEError || error instanceof TypeError || error instanceof SyntaxError) {
          return undefined;
        }
        throw error;
      }
    },
  };
}
