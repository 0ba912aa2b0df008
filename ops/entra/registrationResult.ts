/** What the functions and the page need to know of a registration. */
import { PUBLIC_CLOUD } from '../../shared/clouds.ts';
import { settingCommand } from '../cli/settingCommand.ts';
import { appIdUri, SCOPE_NAME } from './apiApplication.ts';
import { appIdOf, idOf } from './call.ts';
import type { RegisterCommand } from './commandLine.ts';
import type { Registered } from './registrationPlan.ts';

export type RegistrationResult = {
  /** Application settings: `Values` of local.settings.json, or the environment of a deployment. */
  settings: Record<string, string>;
  /** Parameters of the deployment (`azd env set`), if Azure Monitor may start a run of the worker. */
  parameters: Record<string, string>;
  /** The page's config.json. */
  pageConfig: { clientId: string; authority: string; apiScope: string; apiBaseUrl: string };
};

/** After a dry run the ids of what does not exist yet are what stands for them in the calls. */
export function resultOf(
  { wish, graph, apiUrl }: RegisterCommand,
  registered: Registered,
): RegistrationResult {
  const { tenantId } = registered;
  const { authority } = wish.cloud;
  const apiAppId = registered.api?.appId ?? appIdOf('api');
  const pageAppId = registered.page?.appId ?? appIdOf('page');
  return {
    settings: {
      ENTRA_TENANT_ID: tenantId,
      ENTRA_CLIENT_ID: apiAppId,
      SPA_CLIENT_ID: pageAppId,
      ...(wish.cloud === PUBLIC_CLOUD ? {} : { ENTRA_AUTHORITY: authority, GRAPH_BASE_URL: graph }),
      ...linkSettings(wish),
    },
    parameters: wish.wakeWorker
      ? { WAKE_WORKER: 'true', WAKE_OBJECT_ID: registered.api?.id ?? idOf('api') }
      : {},
    pageConfig: {
      clientId: pageAppId,
      authority: `${authority}/${wish.multiTenant ? 'organizations' : tenantId}`,
      apiScope: `${appIdUri(apiAppId)}/${SCOPE_NAME}`,
      apiBaseUrl: apiUrl,
    },
  };
}

/** An app that has the one without the other does not start. */
const linkSettings = ({ linkUrl, pageUrls }: RegisterCommand['wish']): Record<string, string> =>
  linkUrl === undefined || pageUrls.length === 0
    ? {}
    : { LINK_REDIRECT_URI: linkUrl, LINK_RETURN_URLS: pageUrls.map((url) => `${url}/`).join(',') };

export const linesOfResult = ({ settings, parameters, pageConfig }: RegistrationResult): string[] => [
  'Settings of the functions:',
  '',
  ...linesOfValues(settings),
  '',
  ...(Object.keys(parameters).length === 0
    ? []
    : ['Parameters of the deployment:', '', ...linesOfValues(parameters), '']),
  'The same for whoever provisions Azure with azd:',
  '',
  settingCommand({ ...settings, ...parameters }),
  '',
  'config.json of the page:',
  '',
  ...JSON.stringify(pageConfig, undefined, 2).split('\n'),
];

const linesOfValues = (values: Record<string, string>): string[] =>
  Object.entries(values).map(([name, value]) => `${name}=${value}`);
