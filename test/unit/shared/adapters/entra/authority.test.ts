import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  authorityOf,
  namedAuthorityOf,
  tokenExchangeOf,
  v1IssuerOf,
} from '../../../../../shared/adapters/entra/authority.ts';

const MSAL_METADATA = '../../../../../node_modules/@azure/msal-common/dist/authority/AuthorityMetadata.mjs';
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

describe('clouds', () => {
  it.each([
    ['https://login.microsoftonline.com', 'https://sts.windows.net'],
    ['https://login.microsoftonline.us', 'https://sts.windows.net'],
    ['https://login.partner.microsoftonline.cn', 'https://sts.chinacloudapi.cn'],
    ['http://localhost:7000', 'https://sts.windows.net'],
  ])('name the issuer of version 1.0 tokens: %s', (authority, issuer) => {
    expect(v1IssuerOf(authority)).toBe(issuer);
    expect(namedAuthorityOf(authority)).toBeUndefined();
  });

  it.each([
    ['https://login.microsoftonline.com', 'api://AzureADTokenExchange'],
    ['https://login.microsoftonline.us', 'api://AzureADTokenExchangeUSGov'],
    ['https://login.partner.microsoftonline.cn', 'api://AzureADTokenExchangeChina'],
    ['http://localhost:7000', 'api://AzureADTokenExchange'],
  ])('name the resource of federated credentials: %s', (authority, resource) => {
    expect(tokenExchangeOf(authority)).toBe(resource);
  });

  it.each([
    ['login-us.microsoftonline.com', 'https://login.microsoftonline.us'],
    ['sts.chinacloudapi.cn', 'https://login.partner.microsoftonline.cn'],
  ])('know the alias %s, which MSAL does not list', (alias, authority) => {
    expect(namedAuthorityOf(`https://${alias}`)).toBe(authority);
  });

  // MSAL's own list of hosts that stand for each other.
  it('know every alias that MSAL knows of them', () => {
    const metadata = readFileSync(new URL(MSAL_METADATA, import.meta.url), 'utf8');
    const lists = [...metadata.matchAll(/aliases:\s*\[([^\]]*)\]/g)].map(([, list = '']) =>
      [...list.matchAll(/["']([^"']+)["']/g)].map(([, host = '']) => host),
    );
    expect(lists.length).toBeGreaterThan(2);
    for (const [preferred = '', ...aliases] of lists) {
      for (const alias of aliases) expect(namedAuthorityOf(`https://${alias}`)).toBe(`https://${preferred}`);
    }
  });
});
