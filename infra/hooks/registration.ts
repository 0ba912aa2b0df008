/** What the hooks know of the registrations in Entra from the azd environment. */
import { PlainError } from '../../ops/cli/errors.ts';
import { findCloud } from '../../shared/clouds.ts';
import { optional, readOutput } from './readOutput.ts';
import { servesOneTenant } from './servesOneTenant.ts';

/** `here`: the hook registers the applications. `elsewhere`: somebody else does, and has given their ids. */
export type RegisteredBy = 'here' | 'elsewhere';

/**
 * Whoever registers the applications first decides: the hook notes `REGISTER_APPLICATIONS` when it has registered them. So
 * ids without that note are somebody else's, and nothing is changed in their applications.
 * @throws {PlainError} the variables contradict each other; the message says what to set.
 */
export function registeredBy(): RegisteredBy {
  const choice = optional('REGISTER_APPLICATIONS');
  const given = ['ENTRA_CLIENT_ID', 'SPA_CLIENT_ID'].filter((name) => optional(name) !== '');
  if (choice !== '' && choice !== 'true' && choice !== 'false') {
    throw new PlainError('REGISTER_APPLICATIONS has to be true, false or not set.');
  }
  if (choice === 'true' || (choice === '' && given.length === 0)) return 'here';
  const missing = ['ENTRA_TENANT_ID', 'ENTRA_CLIENT_ID', 'SPA_CLIENT_ID'].filter(
    (name) => optional(name) === '',
  );
  if (missing.length === 0) return 'elsewhere';
  throw new PlainError(
    `${missing.join(' and ')} of the azd environment must be set, because somebody else registers the applications${choice === '' ? ` (${given.join()} is set)` : ' (REGISTER_APPLICATIONS is false)'}. "npm run entra:register" prints a line that sets them: docs/deploy.md, "In three steps".`,
  );
}

/**
 * The options of `npm run entra:register` for this environment, with what is known of it by now.
 * @param tenant the tenant of the applications
 * @throws {PlainError} the environment has a name that a registration cannot have.
 */
export function registerOptions(tenant: string): string[] {
  const page = optional('PAGE_ORIGIN') || optional('PAGE_URI');
  const ids = registeredBy() === 'elsewhere';
  const more = optional('REGISTER_OPTIONS').split(/\s+/).filter(Boolean);
  const wakes = optional('WAKE_WORKER') === 'true' && !more.includes('--wake-worker');
  const hasPage = more.some((word) => word === '--page-url' || word.startsWith('--page-url='));
  return [
    ...(ids ? [] : ['--name', registrationName()]),
    ...option('--api-client-id', ids ? optional('ENTRA_CLIENT_ID') : ''),
    ...option('--page-client-id', ids ? optional('SPA_CLIENT_ID') : ''),
    ...option('--tenant', tenant),
    ...option('--graph-url', optional('GRAPH_BASE_URL') || findCloud(optional('ENTRA_AUTHORITY'))?.graph[0]),
    ...(servesOneTenant(tenant) ? [] : ['--multi-tenant']),
    ...(page === '' && !hasPage ? ['--no-page-url'] : option('--page-url', page)),
    ...option('--api-url', optional('API_URI')),
    ...option('--managed-identity', optional('IDENTITY_PRINCIPAL_ID')),
    ...(wakes ? ['--wake-worker'] : []),
    ...option('--link-url', optional('LINK_REDIRECT_URI')),
    ...more,
  ];
}

const option = (name: string, value = ''): string[] => (value === '' ? [] : [name, value]);

/** Each environment has applications of its own. */
function registrationName(): string {
  const environment = readOutput('AZURE_ENV_NAME');
  if (/^[a-z0-9-]{1,44}$/i.test(environment)) return `stead-${environment}`;
  throw new PlainError(
    `Applications cannot be registered under the name of the azd environment, ${JSON.stringify(environment)}. Take one of letters, digits and hyphens, of at most 44, or register by hand: docs/deploy.md, "In three steps".`,
  );
}

/** The command line for a person who may register applications. */
export const registerCommand = (options: readonly string[]): string =>
  ['npm run entra:register --', ...options].join(' ');
