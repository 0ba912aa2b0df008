import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ALL_USERS, numberedUsers } from '../../../../dev/entra/directory.ts';
import { FAULT_RULES } from '../../../../dev/entra/faultRules.ts';
import { type Entra, startEntra } from '../../../../dev/entra/startEntra.ts';
import { SPA_ORIGIN } from '../../../support/entraClients.ts';

const MANY = 60;

let entra: Entra;
let page: string;
let response: Response;
beforeAll(async () => {
  entra = await startEntra({ port: 0, spaOrigins: [SPA_ORIGIN], users: numberedUsers(MANY) });
  response = await fetch(`${entra.origin}/`);
  page = (await response.text()).replaceAll('&#39;', "'");
});
afterAll(() => entra?.close());

describe("the stand-in's index page", () => {
  it('is a page without script that nobody keeps or frames', () => {
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toMatch(/^text\/html/);
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('content-security-policy')).toMatch(
      /default-src 'none'.+frame-ancestors 'none'/,
    );
    expect(page).not.toMatch(/<script|\son\w+=|\sstyle=/i);
  });

  it('shows everybody by name, and of very many the first and how many more there are', () => {
    for (const { name, displayName, upn } of ALL_USERS) {
      expect(page).toMatch(new RegExp(`${name}\\s[\\s\\S]*${displayName}, ${upn}`));
    }
    const hidden = ALL_USERS.length + MANY - page.split('of tenant').length + 1;
    expect(page).toContain(`And ${hidden} more.`);
  });

  it('shows every fault with where it can be set and what it takes', () => {
    for (const [kind, { scopes, at, takes }] of Object.entries(FAULT_RULES)) {
      const shown = new RegExp(`<li>\\s*${kind}\\s+<small>([^<]+)</small>`).exec(page)?.[1] ?? '';
      for (const word of [...scopes, ...at, ...takes]) expect(shown).toContain(word);
    }
  });

  it('gives commands that work', async () => {
    const [, url = '', fault = ''] = /curl -X PUT (\S+) -d '([^']+)'/.exec(page) ?? [];
    const set = await fetch(url, { method: 'PUT', body: fault });
    expect([set.status, await set.json()]).toEqual([200, JSON.parse(fault)]);
    const [, ended = ''] = /curl -X DELETE (\S+?)</.exec(page) ?? [];
    expect((await fetch(ended, { method: 'DELETE' })).status).toBe(204);
  });

  it('links to the journal, and to nothing that is not there', async () => {
    const links = [...page.matchAll(/href="([^"]+)"/g)].map(([, href = '']) => href);
    expect(links).toContain('/dev/requests');
    for (const link of links) expect([link, (await fetch(entra.origin + link)).status]).toEqual([link, 200]);
  });
});
