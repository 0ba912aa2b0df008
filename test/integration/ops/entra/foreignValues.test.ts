/** Applications that exist already, with whatever values: nothing of them is lost, and the outcome is the same. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GRAPH_PERMISSIONS } from '../../../../dev/entra/applications.ts';
import { GRAPH_APP_ID, TENANT_ID } from '../../../../dev/entra/directory.ts';
import type { GraphObject } from '../../../../dev/entra/graphTable.ts';
import { isRecord } from '../../../../shared/isRecord.ts';
import { contentOf, createGraphDirectory, EVERYTHING } from '../../../support/graphDirectory.ts';
import { register, runUntilItDies } from './registrations.ts';

const someOf = <T>(values: readonly T[]) => fc.subarray([...values]);
const guid = (n: number) => `${String(n).repeat(8)}-2222-4333-8444-555555555555`;
const permission = (id: string) => ({ id, type: 'Scope' });

const scopes = fc.subarray([1, 2, 3]).chain((numbers) =>
  fc
    .tuple(...numbers.map((n) => fc.constantFrom(`some.${n}`, ...(n === 1 ? ['access_as_user'] : []))))
    .map((values) =>
      values.map((value, at) => ({
        id: guid(numbers[at] ?? 0),
        value,
        type: 'User',
        isEnabled: true,
        adminConsentDisplayName: value,
        adminConsentDescription: value,
      })),
    ),
);
/** Graph adds to each of them where it is defined, and refuses to be told that. */
const appRoles = someOf([guid(2), guid(3)]).map((ids) =>
  ids.map((id) => ({
    id,
    value: `Role.${id.slice(0, 1)}`,
    isEnabled: true,
    allowedMemberTypes: ['User', 'Application'],
    displayName: id,
    description: id,
  })),
);
const access = fc
  .tuple(someOf(GRAPH_PERMISSIONS), fc.boolean(), fc.boolean())
  .map(([graph, hasGraph, hasOther]) => [
    ...(hasOther ? [{ resourceAppId: guid(7), resourceAccess: [{ id: guid(8), type: 'Role' }] }] : []),
    ...(hasGraph
      ? [{ resourceAppId: GRAPH_APP_ID, resourceAccess: graph.map(({ id }) => permission(id)) }]
      : []),
  ]);
const claims = someOf(['idtyp', 'xms_cc', 'email']).map((names) => names.map((name) => ({ name })));

const apis = fc.record({
  tags: someOf(['ours', 'stead:other']),
  signInAudience: fc.constantFrom(
    'AzureADMyOrg',
    'AzureADMultipleOrgs',
    'AzureADandPersonalMicrosoftAccount',
  ),
  identifierUris: someOf([`api://${TENANT_ID}/one`, `api://${TENANT_ID}/two`]),
  requiredResourceAccess: access,
  appRoles,
  optionalClaims: fc.option(fc.record({ accessToken: claims, idToken: claims })),
  api: fc.record({
    requestedAccessTokenVersion: fc.constantFrom(null, 1, 2),
    knownClientApplications: someOf([guid(4), guid(5)]),
    oauth2PermissionScopes: scopes,
  }),
});
const pages = fc.record({
  requiredResourceAccess: access,
  spa: fc.record({
    redirectUris: someOf([
      'http://localhost:3000/',
      'http://localhost:3000/admin.html',
      'https://other.example/',
    ]),
  }),
  web: fc.record({ redirectUris: someOf(['https://web.example/']) }),
});

/** Every value of `before` that `after` does not have; the version of the tokens may rise. */
function lost(before: unknown, after: unknown, path = ''): string[] {
  if (Array.isArray(before)) {
    if (!Array.isArray(after)) return [path];
    return before.flatMap((one: unknown) =>
      after.some((other: unknown) => lost(one, other).length === 0)
        ? []
        : [`${path}: ${JSON.stringify(one)}`],
    );
  }
  if (isRecord(before)) {
    return Object.entries(before).flatMap(([name, value]) =>
      lost(value, isRecord(after) ? after[name] : undefined, `${path}.${name}`),
    );
  }
  return before === after || path.endsWith('.requestedAccessTokenVersion') || before === null ? [] : [path];
}

describe('applications that exist already', () => {
  it('lose nothing, whatever they have, and however the first run ends', () =>
    fc.assert(
      fc.asyncProperty(
        apis,
        pages,
        fc.boolean(),
        fc.constantFrom(0, 3_000),
        fc.option(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.boolean())),
        async (api, page, wholeMembers, settleMs, death) => {
          const directory = createGraphDirectory({ wholeMembers, settleMs });
          const before: GraphObject[] = [
            directory.directory.createApplication({ displayName: 'Our API', ...api }),
            directory.directory.createApplication({ displayName: 'Our page', ...page }),
          ];
          const [apiClientId, pageClientId] = before.map(({ appId }) => String(appId));
          const wish = { ...EVERYTHING, apiClientId, pageClientId };
          // They have been there for a while.
          directory.clock.after(10_000, () => {});
          if (death !== null) await runUntilItDies(directory, () => register(directory, wish), ...death);
          const { plan } = await register(directory, wish);
          expect(plan.calls).toEqual([]);
          const after = directory.directory.applications.newest();
          expect(
            before.flatMap((one) =>
              lost(
                one,
                after.find(({ id }) => id === one.id),
              ),
            ),
          ).toEqual([]);

          const content = contentOf(directory);
          expect((await register(directory, wish)).sent).toBe(0);
          expect(contentOf(directory)).toEqual(content);
          const { principals, credentials, grants, assignments } = content;
          expect([principals, credentials, grants, assignments].map((all) => all?.length)).toEqual([
            4, 1, 2, 1,
          ]);
        },
      ),
      { numRuns: 40 },
    ));
});
