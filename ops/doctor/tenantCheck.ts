import { type AskJson, isOutage } from './askJson.ts';
import { type Check, type Line, ok, unreachable, withoutSettings, wrong } from './check.ts';

/** What Entra says about the tenant of the registrations, and whether the other tenants that are served exist. */
export const tenantCheck: Check = {
  name: 'tenant',
  async run({ config, isUsable, ask }) {
    if (!isUsable('tenant')) return [withoutSettings('the tenant')];
    const { entra, accessToken } = config;
    const graphHost = isUsable('graph') ? new URL(config.graphBaseUrl).host : undefined;
    const own = await ownLines(ask, entra, graphHost);
    const { allowedTenants } = accessToken;
    if (allowedTenants === 'any') return own;
    const others = allowedTenants.filter((tid) => tid !== entra.tenantId);
    return [...own, ...(await otherLines(ask, entra.authority, others))];
  },
};

export const metadataUrl = (authority: string, tid: string): string =>
  `${authority}/${tid}/v2.0/.well-known/openid-configuration`;

const noAnswerOf = (authority: string, why: string): Line =>
  unreachable(`${authority} does not answer (${why}).`, {
    remedy: 'Check the network of this machine, its proxy, and ENTRA_AUTHORITY.',
  });

async function ownLines(
  ask: AskJson,
  { authority, tenantId }: { authority: string; tenantId: string },
  graphHost: string | undefined,
): Promise<Line[]> {
  const answer = await ask(metadataUrl(authority, tenantId));
  if ('noAnswer' in answer) return [noAnswerOf(authority, answer.noAnswer)];
  const { status, json } = answer;
  if (isOutage(status)) return [noAnswerOf(authority, String(status))];
  if (status !== 200) {
    return [
      wrong(`Entra has no tenant with the id of ENTRA_TENANT_ID at ${authority} (${status}).`, {
        remedy: 'Give the tenant of the registrations, and ENTRA_AUTHORITY if it is in another cloud.',
        command: 'az account show --query tenantId',
      }),
    ];
  }
  const lines = wrongsOf(json, { authority, tenantId }, graphHost);
  return lines.length > 0 ? lines : [ok(`The tenant is at ${authority}.`)];
}

function wrongsOf(
  { issuer, token_endpoint: endpoint, msgraph_host: host }: Record<string, unknown>,
  { authority, tenantId }: { authority: string; tenantId: string },
  graphHost: string | undefined,
): Line[] {
  const issuerOrigin = originOf(issuer);
  if (issuerOrigin === undefined || originOf(endpoint) === undefined) {
    return [wrong(`${authority} does not answer as Entra does.`, { remedy: 'Correct ENTRA_AUTHORITY.' })];
  }
  if (issuerOrigin !== authority) {
    return [
      wrong(`Tokens of this tenant name another authority as their issuer than ${authority}.`, {
        remedy: `Give ENTRA_AUTHORITY=${issuerOrigin}.`,
      }),
    ];
  }
  const lines: Line[] = [];
  if (issuer !== `${authority}/${tenantId}/v2.0`) {
    lines.push(wrong('Entra names another tenant as the issuer.', { remedy: 'Correct ENTRA_TENANT_ID.' }));
  }
  if (originOf(endpoint) !== authority) {
    lines.push(
      wrong(`The token endpoint of this tenant is not at ${authority}.`, {
        remedy: `Give ENTRA_AUTHORITY=${originOf(endpoint)}.`,
      }),
    );
  }
  // A cloud may have several hosts of Graph, as the one for the US Government has.
  if (graphHost !== undefined && typeof host === 'string' && domainOf(host) !== domainOf(graphHost)) {
    lines.push(
      wrong('GRAPH_BASE_URL is in another cloud than the tenant.', {
        remedy: `Give GRAPH_BASE_URL=https://${host}.`,
      }),
    );
  }
  return lines;
}

const originOf = (value: unknown): string | undefined =>
  typeof value === 'string' && URL.canParse(value) ? new URL(value).origin : undefined;

const domainOf = (host: string): string => host.split('.').slice(-2).join('.');

async function otherLines(ask: AskJson, authority: string, tids: readonly string[]): Promise<Line[]> {
  const found = await Promise.all(
    tids.map(async (tid) => ({ tid, answer: await ask(metadataUrl(authority, tid)) })),
  );
  const lines: Line[] = [];
  let existing = 0;
  for (const { tid, answer } of found) {
    if ('noAnswer' in answer) lines.push(noAnswerOf(authority, answer.noAnswer));
    else if (isOutage(answer.status)) lines.push(noAnswerOf(authority, String(answer.status)));
    else if (answer.status === 200) existing += 1;
    else {
      lines.push(
        wrong(`ALLOWED_TENANTS has ${tid}, and Entra has no such tenant.`, {
          remedy: 'Correct its id, or remove it.',
        }),
      );
    }
  }
  if (existing > 0) lines.push(ok(`Of the other tenants in ALLOWED_TENANTS, ${existing} exist.`));
  return lines;
}
