import { describe, expect, it } from 'vitest';
import { authorityOf } from '../../../../../shared/adapters/entra/authority.ts';

const TID = 'a0000000-0000-4000-8000-00000000000a';

describe('authorityOf', () => {
  it.each([
    ['https://login.microsoftonline.com', 'login.microsoftonline.com'],
    ['https://login.microsoftonline.us', 'login.microsoftonline.us'],
    ['http://localhost:7000', 'localhost:7000'],
  ])('names %s to MSAL by https and host, and its endpoints where they are', (authority, host) => {
    const { authorityMetadata, ...named } = authorityOf(authority, TID);
    expect(named).toEqual({ authority: `https://${host}/${TID}`, knownAuthorities: [host] });
    const metadata = JSON.parse(authorityMetadata) as Record<string, string>;
    expect(metadata.token_endpoint).toBe(`${authority}/${TID}/oauth2/v2.0/token`);
    expect(metadata.issuer).toBe(`${authority}/${TID}/v2.0`);
    for (const url of Object.values(metadata)) expect(url.startsWith(`${authority}/${TID}/`)).toBe(true);
  });
});
