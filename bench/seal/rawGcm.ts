import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

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
