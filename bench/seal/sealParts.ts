import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { CompactEncrypt } from 'jose';

/**
 * The sealer's work piece by piece, done with the same means, beside the cipher itself: the derivation of the user's key, JSON
 * and UTF-8, and base64url.
 */
export function createSealParts(secret: Uint8Array, userId: string, cache: string, generation: string) {
  const userKey = () => new Uint8Array(hkdfSync('sha256', secret, '', `bench/${userId}`, 32));
  const envelope = () => Buffer.from(JSON.stringify({ v: 1, msal: cache, gen: generation }));
  const plaintext = envelope();
  const bytes = randomBytes(plaintext.length);
  const text = bytes.toString('base64url');
  return {
    seal: { userKey, envelope, base64url: () => bytes.toString('base64url') },
    open: {
      userKey,
      envelope: () => JSON.parse(plaintext.toString('utf8')) as unknown,
      base64url: () => Buffer.from(text, 'base64url'),
    },
  };
}

/** Seals with jose and the master key itself, as the first release did. The sealer still opens such caches. */
export const sealWithMasterKey = (kid: string, secret: Uint8Array, sub: string) => {
  const encoder = new TextEncoder();
  return (msal: string, gen: string): Promise<string> =>
    new CompactEncrypt(encoder.encode(JSON.stringify({ v: 1, msal, gen })))
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid, sub })
      .encrypt(secret);
};

export type Ciphered = { iv: Buffer; ciphertext: Buffer; tag: Buffer };

/** AES-256-GCM and nothing else: the least that keeping a cache secret can cost. */
export const rawGcm = (secret: Uint8Array) => ({
  encrypt(plaintext: Uint8Array): Ciphered {
    const iv = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', secret, iv);
    const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
    return { iv, ciphertext, tag: cipher.getAuthTag() };
  },
  decrypt({ iv, ciphertext, tag }: Ciphered): Buffer {
    const decipher = createDecipheriv('aes-256-gcm', secret, iv);
    decipher.setAuthTag(tag);
    return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
  },
});
