import { appIdUri, SCOPE_NAME } from '../entra/apiApplication.ts';
import { type Grant, scopesOf } from '../entra/graphObjects.ts';
import { isForEverybody, readGrants } from '../entra/readRegistered.ts';
import { type Check, type Line, ok, skipped, warn, wrong } from './check.ts';
import { isLine, lineOfFailure, type Registration } from './registration.ts';
import { readUserConsent, type UserConsent } from './userConsent.ts';

/** Whether there is a consent for everybody, and otherwise whether users can give it themselves. */
export const consentCheck: Check = {
  name: 'consent',
  async run({ registration, config }) {
    const read = await registration();
    if (isLine(read)) return [read];
    const { graph, registered } = read;
    const { apiPrincipal, pagePrincipal } = registered;
    if (apiPrincipal === undefined || pagePrincipal === undefined) {
      return [skipped('Nobody can consent to applications that are not registered.', { command: read.mend })];
    }
    try {
      const grants = await readGrants(graph, [apiPrincipal, pagePrincipal]);
      const toGraph = grants.filter(
        (one) => one.clientId === apiPrincipal.id && one.resourceId === registered.graph.id,
      );
      const toApi = grants.filter(
        (one) => one.clientId === pagePrincipal.id && one.resourceId === apiPrincipal.id,
      );
      return await linesOf(read, config.entra.authority, { toGraph, toApi });
    } catch (error) {
      return [lineOfFailure(error)];
    }
  },
};

/** What the API may do at Graph, and the page at the API. */
type Consents = { toGraph: readonly Grant[]; toApi: readonly Grant[] };

async function linesOf(read: Registration, authority: string, consents: Consents): Promise<Line[]> {
  const { wish, registered, graph, mend } = read;
  const { toGraph, toApi } = consents;
  const given = toGraph.filter(isForEverybody).flatMap(scopesOf);
  const missing = wish.permissions.filter((name) => !given.includes(name));
  if (missing.length === 0) {
    return [ok(`There is a consent for everybody to ${wish.permissions.join(', ')}.`)];
  }
  const names = missing.join(', ');
  const advice = {
    remedy: `An administrator consents once for everybody${wish.pageUrls.length === 0 ? '.' : `: ${linkOf(read, authority)}`}`,
    command: wish.adminConsent ? mend : `${mend} --admin-consent`,
  };
  if (isPageAllowed(toApi.filter(isForEverybody)) || isPreauthorized(registered)) {
    // Entra asks for everything that is registered only if the page has no permission at the API yet.
    return [
      wrong(
        `Nobody is asked for consent to ${names}, because the page needs no consent to call the API.`,
        advice,
      ),
    ];
  }
  const lines = [await lineOfPolicy(names, missing, await readUserConsent(graph), advice)];
  const stuck = stuckUsers(missing, consents);
  if (stuck > 0) {
    lines.push(
      warn(`${stuck} users have consented to the page and not to ${names}, so their exchanges are refused.`, {
        remedy:
          'At their next visit the page offers them to give the permission. Or an administrator consents.',
        command: advice.command,
      }),
    );
  }
  return lines;
}

const isPageAllowed = (grants: readonly Grant[]): boolean => grants.flatMap(scopesOf).includes(SCOPE_NAME);
const isPreauthorized = ({ api, page }: Registration['registered']): boolean =>
  api?.api.preAuthorizedApplications.some(({ appId }) => appId === page?.appId) ?? false;

function stuckUsers(missing: readonly string[], { toGraph, toApi }: Consents): number {
  const isWhole = (principalId: string): boolean => {
    const theirs = toGraph.filter((one) => one.principalId === principalId).flatMap(scopesOf);
    return missing.every((name) => theirs.includes(name));
  };
  const users = new Set(
    toApi.flatMap((one) => (!isForEverybody(one) && isPageAllowed([one]) ? [one.principalId] : [])),
  );
  return [...users].filter((principalId) => !isWhole(principalId)).length;
}

function linkOf({ registered: { tenantId, api, page }, wish }: Registration, authority: string): string {
  const query = new URLSearchParams({
    client_id: page?.appId ?? '',
    scope: `${appIdUri(api?.appId ?? '')}/.default`,
    redirect_uri: `${wish.pageUrls[0]}/admin.html`,
  });
  return `${authority}/${tenantId}/v2.0/adminconsent?${query}`;
}

async function lineOfPolicy(
  names: string,
  missing: readonly string[],
  policy: UserConsent,
  advice: { remedy: string; command: string },
): Promise<Line> {
  const asked = `Each user is asked for consent to ${names}`;
  switch (policy.kind) {
    case 'nobody':
      return wrong(
        `Users of this tenant may not consent, and nobody has consented for everybody to ${names}.`,
        advice,
      );
    case 'legacy':
      return ok(`${asked}, and may give it.`);
    case 'managed': {
      const refused = missing.filter(policy.isExcluded);
      return refused.length === 0
        ? ok(`${asked}, and may give it.`)
        : wrong(`Users may not consent to ${refused.join(', ')} under Microsoft's managed policy.`, advice);
    }
    case 'other':
      return warn(`${asked}. A policy of this tenant says which users may, and to what.`, advice);
    case 'unknown':
      return skipped(
        `${asked}. You may not see whether users may consent (it needs a role such as Global Reader).`,
        advice,
      );
    default:
      return policy satisfies never;
  }
}
