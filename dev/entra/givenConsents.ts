/** Consents that are recorded without a page: those of a person, and those that an administrator gave for them. */
import type { Asked } from './consents.ts';
import {
  API_CLIENT_ID,
  type DemoUser,
  GRAPH_APP_ID,
  identityIn,
  SPA_CLIENT_ID,
  TENANT_ID,
} from './directory.ts';
import type { StandIn } from './standIn.ts';

/** Records that the person has consented to everything that is registered, in every tenant that knows them. */
export async function consentAs({ clients, consents }: StandIn, user: DemoUser): Promise<void> {
  const asked: Asked[] = [SPA_CLIENT_ID, API_CLIENT_ID].flatMap((client) =>
    (clients.find(client)?.requiredResourceAccess ?? []).map((access) => ({ client, ...access })),
  );
  for (const tid of new Set([user.tid, user.homeTid])) {
    const identity = identityIn(tid, user);
    if (identity) await consents.give(asked, { tid, oid: identity.oid }, user.name);
  }
}

/** Records what an administrator gives to each person. What the person withdraws later, they withdraw, too. */
export async function giveAsAdministrator(
  { consents, people, givenByAdministrator: permissions }: StandIn,
  { tid, oid }: DemoUser,
): Promise<void> {
  if (permissions.length === 0 || tid !== TENANT_ID) return;
  const [administrator] = people.all.filter((user) => user.administratorOf?.includes(TENANT_ID));
  const asked = [{ client: API_CLIENT_ID, resource: GRAPH_APP_ID, permissions }];
  await consents.give(asked, { tid, oid }, administrator?.name ?? '');
}
