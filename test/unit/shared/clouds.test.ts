import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  authorityFault,
  CLOUDS,
  cloudOf,
  cloudOfGraph,
  cloudOfStorage,
  findCloud,
  graphResourceOf,
  PUBLIC_CLOUD,
} from '../../../shared/clouds.ts';

const MSAL_METADATA = '../../../node_modules/@azure/msal-common/dist/authority/AuthorityMetadata.mjs';

const [, US_GOVERNMENT = PUBLIC_CLOUD, CHINA = PUBLIC_CLOUD] = CLOUDS;
const STAND_IN = 'http://localhost:7000';

describe('the table of clouds', () => {
  it('gives no address to two clouds, but the issuer of version 1.0 tokens', () => {
    const ofAll = CLOUDS.flatMap((cloud) => [
      cloud.name,
      cloud.azureName,
      cloud.authority,
      ...cloud.aliases,
      ...cloud.graph,
      ...cloud.storage,
      cloud.keyVault,
      cloud.tokenExchange,
    ]);
    expect(new Set(ofAll).size).toBe(ofAll.length);
  });

  it('holds origins, hosts and suffixes as they are compared', () => {
    for (const { authority, v1Issuer, graph, aliases, storage, keyVault } of CLOUDS) {
      for (const origin of [authority, v1Issuer, ...graph]) expect(new URL(origin).origin).toBe(origin);
      for (const host of [...aliases, ...storage, keyVault]) {
        expect(new URL(`https://${host}`).hostname).toBe(host);
      }
    }
  });

  it('finds a cloud by its authority, its Graph and its storage', () => {
    for (const cloud of CLOUDS) {
      expect([findCloud(cloud.authority), cloudOf(cloud.authority)]).toEqual([cloud, cloud]);
      for (const origin of cloud.graph) expect(cloudOfGraph(new URL(`${origin}:8443/v1.0`))).toBe(cloud);
      for (const suffix of cloud.storage) {
        expect(cloudOfStorage(new URL(`https://mine.blob.${suffix}`))).toBe(cloud);
        expect(cloudOfStorage(new URL(`https://mine.privatelink.table.${suffix}/`))).toBe(cloud);
      }
    }
  });

  it('knows no cloud of another address', () => {
    expect([findCloud(STAND_IN), cloudOf(STAND_IN)]).toEqual([undefined, PUBLIC_CLOUD]);
    for (const url of [
      STAND_IN,
      'https://graph.example',
      'https://graph.microsoft.com.example',
      'https://mycore.windows.net',
      'https://core.windows.net.example',
    ]) {
      expect([cloudOfGraph(new URL(url)), cloudOfStorage(new URL(url))]).toEqual([undefined, undefined]);
    }
  });

  it.each([
    [PUBLIC_CLOUD.authority, 'https://graph.microsoft.com', 'https://graph.microsoft.com'],
    [PUBLIC_CLOUD.authority, 'https://proxy.example', 'https://graph.microsoft.com'],
    [US_GOVERNMENT.authority, 'https://graph.microsoft.us', 'https://graph.microsoft.us'],
    [US_GOVERNMENT.authority, 'https://dod-graph.microsoft.us', 'https://dod-graph.microsoft.us'],
    [US_GOVERNMENT.authority, 'https://proxy.example', 'https://graph.microsoft.us'],
    [CHINA.authority, 'https://microsoftgraph.chinacloudapi.cn', 'https://microsoftgraph.chinacloudapi.cn'],
    [STAND_IN, STAND_IN, 'https://graph.microsoft.com'],
  ])('names the resource of Graph at %s for %s', (authority, address, resource) => {
    expect(graphResourceOf(authority, address)).toBe(resource);
  });
});

describe('an authority', () => {
  it('may be that of a cloud, or not Entra’s', () => {
    for (const authority of [STAND_IN, 'https://login.example', ...CLOUDS.map((cloud) => cloud.authority)]) {
      expect(authorityFault(authority)).toBeUndefined();
    }
  });

  it.each([
    ['login-us.microsoftonline.com', US_GOVERNMENT],
    ['sts.chinacloudapi.cn', CHINA],
  ])('may not be the alias %s, which MSAL does not list', (alias, { authority }) => {
    expect(authorityFault(`https://${alias}`)?.remedy).toBe(`Give ${authority}.`);
  });

  it('may not be an alias, or in an unserved cloud, of those that MSAL knows', () => {
    const metadata = readFileSync(new URL(MSAL_METADATA, import.meta.url), 'utf8');
    const lists = [...metadata.matchAll(/aliases:\s*\[([^\]]*)\]/g)].map(([, list = '']) =>
      [...list.matchAll(/["']([^"']+)["']/g)].map(([, host = '']) => host),
    );
    expect(lists.length).toBeGreaterThan(2);
    for (const [preferred = '', ...aliases] of lists) {
      const authority = `https://${preferred}`;
      expect(findCloud(authority) ?? authorityFault(authority)).toBeDefined();
      for (const alias of aliases) {
        expect(authorityFault(`https://${alias}`)?.remedy).toBe(`Give ${authority}.`);
      }
    }
  });
});
