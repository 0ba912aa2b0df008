/**
 * The key that a user's cache is sealed with, derived from the master key by WebCrypto alone, so that tests do not rest on the
 * code that they judge.
 */
export async function userKeyOf(masterKey: Uint8Array, userId: string): Promise<Uint8Array> {
  const imported = await crypto.subtle.importKey('raw', Uint8Array.from(masterKey), 'HKDF', false, [
    'deriveBits',
  ]);
  const info = new TextEncoder().encode(`stead/token-cache/v1/${userId}`);
  const how = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(), info };
  return new Uint8Array(await crypto.subtle.deriveBits(how, imported, 256));
}
