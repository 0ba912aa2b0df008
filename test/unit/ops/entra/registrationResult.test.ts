import { describe, expect, it } from 'vitest';
import type { Wish } from '../../../../ops/entra/applicationWish.ts';
import type { Registered } from '../../../../ops/entra/registrationPlan.ts';
import { linesOfResult, resultOf } from '../../../../ops/entra/registrationResult.ts';
import { EVERYTHING, wishOf } from '../../../support/graphDirectory.ts';

const registered = { tenantId: 'tenant' } as Registered;
const COMMAND = {
  graph: 'https://graph.microsoft.com',
  apiUrl: 'https://api.example',
  tenantId: undefined,
  dryRun: true,
  json: false,
};
const resultFor = (wish: Partial<Wish>) => resultOf({ ...COMMAND, wish: wishOf(wish) }, registered);
const { linkUrl } = EVERYTHING;

describe('what a registration prints of a link', () => {
  it('is both settings, because an app with one of them does not start', () => {
    const pageUrls = ['https://page.example', 'http://localhost:3000'];
    const result = resultFor({ linkUrl, pageUrls });
    const returns = 'https://page.example/,http://localhost:3000/';
    expect(result.settings).toMatchObject({ LINK_REDIRECT_URI: linkUrl, LINK_RETURN_URLS: returns });
    expect(linesOfResult(result)).toContain(`LINK_RETURN_URLS=${returns}`);
  });

  it('is nothing without a page to return to, and nothing without a link', () => {
    for (const wish of [{ linkUrl, pageUrls: [] }, {}])
      expect(linesOfResult(resultFor(wish)).join('\n')).not.toContain('LINK_');
  });
});
