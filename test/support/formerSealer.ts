/** Seals and opens as the release before each user had a key of their own: with the master key itself, whose name is the `kid`. */
import { CompactEncrypt, compactDecrypt, decodeProtectedHeader } from 'jose';
import type { CacheKey } from '../../shared/adapters/entra/seal.ts';
import type { Sealer } from '../../shared/ports.ts';

export const createFormerSealer = ({ kid, secret }: CacheKey): Sealer => ({
  seal: (sub, msal, gen) =>
    new CompactEncrypt(new TextEncoder().encode(JSON.stringify({ v: 1, msal, gen })))
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid, sub })
      .encrypt(secret),

  async open(userId, sealed) {
    const header = decodeProtectedHeader(sealed) as { kid: string; sub: string };
    if (header.kid !== kid) return { ok: false, reason: 'unknown-key', kid: header.kid };
    if (header.sub !== userId) return { ok: false, reason: 'corrupt' };
    try {
      const { plaintext } = await compactDecrypt(sealed, secret);
      const { msal, gen } = JSON.parse(new TextDecoder().decode(plaintext)) as { msal: string; gen: string };
      return { ok: true, cache: msal, generation: gen, oldKey: false };
    } catch {
      return { ok: false, reason: 'corrupt' };
    }
  },
});
