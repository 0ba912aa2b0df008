import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEMO_USERS, OTHER_TENANT_USER } from '../../../../dev/entra/directory.ts';
import { type Platform, startPlatform } from '../../../../dev/platform.ts';
import { createTableAccounts } from '../../../../shared/adapters/azureStorage/tableAccounts.ts';
import { toUserId } from '../../../../shared/userId.ts';
import { signIn } from '../../../support/entraClients.ts';

const [ADELE] = DEMO_USERS;

let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform({ timers: false, withoutWeb: true, settings: { ALLOWED_TENANTS: '*' } });
});
afterAll(() => platform?.stop());

describe('the functions of many tenants', () => {
  it('serve users of each, and keep two with the same object id apart', async () => {
    expect(OTHER_TENANT_USER.oid).toBe(ADELE.oid);
    const accounts = createTableAccounts({ connectionString: platform.azurite.connectionString });
    for (const user of [ADELE, OTHER_TENANT_USER]) {
      const { accessToken } = await signIn(platform.entra, user.name, {
        spaOrigin: platform.webOrigin,
        tenant: user.tid,
      });
      const response = await fetch(`${platform.host.origin}/api/profile`, {
        headers: { authorization: `Bearer ${accessToken}` },
      });
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject({ displayName: user.displayName });
      expect(await accounts.read(toUserId(user))).toMatchObject({
        homeAccountId: `${user.homeOid}.${user.homeTid}`,
        userPrincipalName: user.upn,
      });
    }
  });
});
