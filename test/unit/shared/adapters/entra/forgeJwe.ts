import { createCipheriv, randomBytes } from 'node:crypto';

/** A compact JWE (RFC 7516) with `dir` and A256GCM over any header at all, made without the library under test. */
export function forgeJwe(header: unknown, plaintext: string, secret: Uint8Array): string {
  const protectedHeader = Buffer.from(JSON.stringify(header)).toString('base64url');
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', secret, iv).setAAD(Buffer.from(protectedHeader));
  const ciphertext = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()]);
  const segments = [iv, ciphertext, cipher.getAuthTag()].map((bytes) => bytes.toString('base64url'));
  return [protectedHeader, '', ...segments].join('.');
}
