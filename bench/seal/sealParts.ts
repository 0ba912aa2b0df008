import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { CompactEncrypt } from 'jose';

/**
 * The sealer's work piece by piece, done with the same means: the derivation of the user's key, JSON and UTF-8, base64url, and
 * the cipher.
 */
export function createSealParts(secret: Uint8Array, userId: string, cache: string, generation: string) {
  const userKey = () => new Uint8Array(hkdfSync('sha256', secret, '', `bench/${userId}`, 32));
  const envelope = () => Buffer.from(JSON.stringify({ v: 1, msal: cache, gen: generation }));
  const plaintext = envelope();
  const { encrypt, decrypt } = rawGcm(secret);
  const ciphered = encrypt(plaintext);
  const text = ciphered.ciphertext.toString('base64url');
  return {
    seal: {
      userKey,
      envelope,
      base64url: () => ciphered.ciphertext.toString('base64url'),
      cipher: () => encrypt(plaintext),
    },
    open: {
      userKey,
      envelope: () => JSON.parse(plaintext.toString()) as unknown,
      base64url: () => Buffer.from(text, 'base64url'),
      cipher: () => decrypt(ciphered),
    },
  };
}

/** Seals with the master key itself, as earlier releases did. The sealer still opens such caches. */
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
