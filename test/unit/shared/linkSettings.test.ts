import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../shared/errors.ts';
import { linkCookie } from '../../../shared/linkCookie.ts';
import { readLink } from '../../../shared/linkSettings.ts';
import { createSettingsReader } from '../../../shared/settingsReader.ts';

const CALLBACK = 'https://api.example/api/connection/link/callback';
const PAGE = 'https://page.example/';

function read(redirectUri: string, returnUrls = PAGE) {
  const reader = createSettingsReader({ LINK_REDIRECT_URI: redirectUri, LINK_RETURN_URLS: returnUrls });
  const link = readLink(reader);
  try {
    reader.check();
    return { link, faults: [] };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { link, faults: error.faults.map(({ setting, problem }) => `${setting} ${problem}`) };
  }
}

describe('where a link leads', () => {
  it('is the callback, what comes before it, and the pages', () => {
    expect(read(CALLBACK, `${PAGE}, https://page.example/a?b=1`)).toEqual({
      link: {
        redirectUri: CALLBACK,
        openUrl: 'https://api.example/api/connection/link',
        returnUrls: [PAGE, 'https://page.example/a?b=1'],
      },
      faults: [],
    });
    expect(read('', '')).toEqual({ link: undefined, faults: [] });
    expect(read('http://localhost:7071/api/connection/link/callback').faults).toEqual([]);
  });

  it('is given whole: each setting needs the other', () => {
    expect(read('').faults).toEqual([
      'LINK_RETURN_URLS is given without LINK_REDIRECT_URI, so users cannot link',
    ]);
    expect(read(CALLBACK, '').faults).toEqual([
      'LINK_RETURN_URLS is missing, though LINK_REDIRECT_URI is given',
    ]);
  });

  it('has one spelling, so that its cookie is as safe as its address', () => {
    const { link, faults } = read('HTTPS://API.example:443/api/connection/link/callback');
    expect(faults).toEqual([]);
    expect(link?.redirectUri).toBe(CALLBACK);
    expect(linkCookie(link).set('x')).toMatch(/^__Host-stead-link=x; .*; Secure$/);
  });

  it.each([
    ['https:api.example/callback', 'is not a whole URL'],
    ['https:/api.example/callback', 'is not a whole URL'],
    ['https:///api.example/callback', 'is not a whole URL'],
    ['https:\\\\api.example/callback', 'is not a whole URL'],
    ['https://api.example/a b/callback', 'is not a whole URL'],
    ['ftp://api.example/callback', 'is not a whole URL'],
    ['callback', 'is not a whole URL'],
    ['http://api.example/callback', 'would go over plain http'],
    ['https://user:secret@api.example/callback', 'has a user in it'],
    ['https://@api.example/callback', 'has a user in it'],
    ['https://api.example/#/callback', 'has a fragment'],
  ])('is not %j', (address, problem) => {
    expect(read(address).faults).toEqual([`LINK_REDIRECT_URI ${problem}`]);
    expect(read(CALLBACK, address).faults).toEqual([`LINK_RETURN_URLS has a part that ${problem}`]);
  });

  it('ends with the route of the callback', () => {
    for (const address of [PAGE, `${CALLBACK}/`])
      expect(read(address).faults).toEqual(['LINK_REDIRECT_URI does not end with /callback']);
    for (const address of [`${CALLBACK}?`, `${CALLBACK}?x=1`, `${CALLBACK}?x=/callback`])
      expect(read(address).faults).toEqual(['LINK_REDIRECT_URI has a query']);
  });
});
