/** What all parts of one running server share. */
import type { Answers } from './answers.ts';
import type { AppRoles } from './appRoles.ts';
import type { Belongings } from './belongings.ts';
import type { ClientCredentials } from './clientCredentials.ts';
import type { Clients } from './clients.ts';
import type { Consents } from './consents.ts';
import { isTenantAlias } from './directory.ts';
import { EntraError } from './entraError.ts';
import type { Faults } from './faults.ts';
import type { Journal } from './journal.ts';
import type { Keys } from './keys.ts';
import type { Lifetimes } from './lifetimes.ts';
import type { People } from './people.ts';

export type StandIn = {
  /** `http://localhost:<port>`. */
  origin: string;
  clients: Clients;
  credentials: ClientCredentials;
  appRoles: AppRoles;
  people: People;
  belongings: Belongings;
  keys: Keys;
  consents: Consents;
  faults: Faults;
  journal: Journal;
  /** Replaced as a whole by the control API. */
  lifetimes: Lifetimes;
  /** The lifetimes of one person's tokens, by their short name, if they differ. */
  ownLifetimes: Map<string, Lifetimes>;
  /** Replaced as a whole by the control API. */
  answers: Answers;
  /** Whether an on-behalf-of response carries an `id_token`. */
  idTokenOnObo: boolean;
  /** Permissions of Graph that an administrator has given to the web API for each person of the applications' tenant. */
  givenByAdministrator: readonly string[];
};

export const issuerOf = (standIn: StandIn, tid: string): string => `${standIn.origin}/${tid}/v2.0`;

/**
 * The tenant segment of a path.
 * @throws EntraError 90002 if there is no such tenant
 */
export function tenantIn({ people }: StandIn, segment: string): string {
  if (isTenantAlias(segment) || people.isTenant(segment)) return segment;
  throw new EntraError('invalid_request', 90002, `There is no tenant '${segment}'.`);
}
