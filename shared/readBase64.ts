/**
 * Reads base64 or base64url (RFC 4648), with or without padding; undefined for any other text. `Buffer.from` alone skips
 * characters that it does not know, and so would make a key of any text.
 */
export function readBase64(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64');
  const base64 = bytes.toString('base64');
  const spellings = [base64, base64.replace(/=+$/, ''), bytes.toString('base64url')];
  return spellings.includes(text) ? new Uint8Array(bytes) : undefined;
}
