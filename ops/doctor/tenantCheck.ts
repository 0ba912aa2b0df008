import { type Answered, type AskJson, isUnknownTenant, statusOf } from './askJson.ts';
import { type Check, type Line, ok, unreachable, withoutSettings, wrong } from './check.ts';
import { SHOW_TENANT, setSetting, showAnswer } from './commands.ts';

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

/** The metadata of a tenant. Without them nobody knows whether there is such a tenant: a proxy may answer anything. */
type Metadata = { json: Record<string, unknown>; issuer: URL; tokenEndpoint: URL };

/** @returns a line if Entra did not answer, and 'none' if it has no such tenant */
async function readMetadata(ask: AskJson, authority: string, tid: string): Promise<Metadata | Line | 'none'> {
  const url = metadataUrl(authority, tid);
  const answer = await ask(url);
  if (isUnknownTenant(answer)) return 'none';
  const json = 'json' in answer && answer.status === 200 ? answer.json : {};
  const [issuer, tokenEndpoint] = [json.issuer, json.token_endpoint].map(urlOf);
  return issuer === undefined || tokenEndpoint === undefined
    ? noAnswerOf(authority, url, answer)
    : { json, issuer, tokenEndpoint };
}

const noAnswerOf = (authority: string, url: string, answer: Answered): Line =>
  unreachable(`${authority} does not answer as Entra does (${statusOf(answer)}).`, {
    remedy: 'Check the network of this machine, its proxy, and ENTRA_AUTHORITY. Then run this command again.',
    command: showAnswer(url),
  });

async function ownLines(
  ask: AskJson,
  { authority, tenantId }: { authority: string; tenantId: string },
  graphHost: string | undefined,
): Promise<Line[]> {
  const read = await readMetadata(ask, authority, tenantId);
  if (read === 'none') {
    return [
      wrong(`Entra has no tenant with the id of ENTRA_TENANT_ID at ${authority}.`, {
        remedy: 'Give the tenant of the registrations, and ENTRA_AUTHORITY if it is in another cloud.',
        command: SHOW_TENANT,
      }),
    ];
  }
  if ('state' in read) return [read];
  const lines = wrongsOf(read, { authority, tenantId }, graphHost);
  return lines.length > 0 ? lines : [ok(`The tenant is at ${authority}.`)];
}

function wrongsOf(
  { json, issuer, tokenEndpoint }: Metadata,
  { authority, tenantId }: { authority: string; tenantId: string },
  graphHost: string | undefined,
): Line[] {
  const give = (setting: string, value: string) => ({
    remedy: `Give ${setting}=${value}.`,
    command: setSetting(setting, value),
  });
  if (issuer.origin !== authority) {
    return [
      wrong(
        `Tokens of this tenant name another authority as their issuer than ${authority}.`,
        give('ENTRA_AUTHORITY', issuer.origin),
      ),
    ];
  }
  const lines: Line[] = [];
  if (json.issuer !== `${authority}/${tenantId}/v2.0`) {
    lines.push(
      wrong('Entra names another tenant as the issuer.', {
        remedy: 'Correct ENTRA_TENANT_ID.',
        command: SHOW_TENANT,
      }),
    );
  }
  if (tokenEndpoint.origin !== authority) {
    lines.push(
      wrong(
        `The token endpoint of this tenant is not at ${authority}.`,
        give('ENTRA_AUTHORITY', tokenEndpoint.origin),
      ),
    );
  }
  // A cloud may have several hosts of Graph, as the one for the US Government has.
  const graph = typeof json.msgraph_host === 'string' ? urlOf(`https://${json.msgraph_host}`) : undefined;
  if (graphHost !== undefined && graph !== undefined && domainOf(graph.host) !== domainOf(graphHost)) {
    lines.push(
      wrong('GRAPH_BASE_URL is in another cloud than the tenant.', give('GRAPH_BASE_URL', graph.origin)),
    );
  }
  return lines;
}

const urlOf = (value: unknown): URL | undefined =>
  typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined;

const domainOf = (host: string): string => host.split('.').slice(-2).join('.');

async function otherLines(ask: AskJson, authority: string, tids: readonly string[]): Promise<Line[]> {
  const found = await Promise.all(
    tids.map(async (tid) => ({ tid, read: await readMetadata(ask, authority, tid) })),
  );
  const lines: Line[] = [];
  let existing = 0;
  for (const { tid, read } of found) {
    if (read === 'none') {
      lines.push(
        wrong(`ALLOWED_TENANTS has ${tid}, and Entra has no such tenant.`, {
          remedy: 'Correct its id, or remove it.',
          command: setSetting('ALLOWED_TENANTS', '<ids of the tenants, with commas>'),
        }),
      );
    } else if ('state' in read) lines.push(read);
    else existing += 1;
  }
  if (existing > 0) lines.push(ok(`Of the other tenants in ALLOWED_TENANTS, ${existing} exist.`));
  return lines;
}
