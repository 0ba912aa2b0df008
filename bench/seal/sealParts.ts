import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { base64url, CompactEncrypt } from 'jose';

const ALGORITHM = 'AES-GCM';

/**
 * The sealer's work piece by piece, done with the same means: the derivation of the user's key, JSON and UTF-8, jose's
 * base64url, and WebCrypto, which takes the bare key anew each time.
 */
export async function createSealParts(
  secret: Uint8Array<ArrayBuffer>,
  userId: string,
  cache: string,
  generation: string,
) {
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  const importKey = (usage: 'encrypt' | 'decrypt') =>
    crypto.subtle.importKey('raw', secret, ALGORITHM, false, [usage]);
  const encrypt = async () => {
    const iv = crypto.getRandomValues(new Uint8Array(12));
    return crypto.subtle.encrypt({ name: ALGORITHM, iv }, await importKey('encrypt'), plaintext);
  };
  const userKey = () => new Uint8Array(hkdfSync('sha256', secret, '', `bench/${userId}`, 32));
  const envelope = () => encoder.encode(JSON.stringify({ v: 1, msal: cache, gen: generation }));
  const plaintext = envelope();
  const bytes = new Uint8Array(await encrypt());
  const text = base64url.encode(bytes);
  const iv = new Uint8Array(12);
  const ciphertext = await crypto.subtle.encrypt(
    { name: ALGORITHM, iv },
    await importKey('encrypt'),
    plaintext,
  );
  return {
    seal: { userKey, envelope, base64url: () => base64url.encode(bytes), webCrypto: encrypt },
    open: {
      userKey,
      envelope: () => JSON.parse(decoder.decode(plaintext)) as unknown,
      base64url: () => base64url.decode(text),
      webCrypto: async () =>
        crypto.subtle.decrypt({ name: ALGORITHM, iv }, await importKey('decrypt'), ciphertext),
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
