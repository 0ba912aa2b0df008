import type { Asked } from './consents.ts';
import { API_CLIENT_ID, identityIn, SPA_CLIENT_ID } from './directory.ts';
import type { StandIn } from './standIn.ts';

/** Records that every user has consented to everything that is registered, for load and for tests without pages. */
export async function consentOfAll({ clients, consents, people }: StandIn): Promise<void> {
  const asked: Asked[] = [SPA_CLIENT_ID, API_CLIENT_ID].flatMap((client) =>
    (clients.find(client)?.requiredResourceAccess ?? []).map((access) => ({ client, ...access })),
  );
  for (const user of people.all) {
    for (const tid of new Set([user.tid, user.homeTid])) {
      const identity = identityIn(tid, user);
      if (identity) await consents.give(asked, { tid, oid: identity.oid }, user.name);
    }
  }
}
