import { randomUUID } from 'node:crypto';
import { toRow } from '../../shared/adapters/azureStorage/accountRow.ts';
import { createSealer } from '../../shared/adapters/entra/seal.ts';
import { readConfig } from '../../shared/config.ts';
import type { AccountFields } from '../../shared/ports.ts';
import { dueRowKey, shardOf, toUserId, type UserId, wholeSecond } from '../../shared/userId.ts';
import { makeMsalCache, makeRefreshToken } from '../makeMsalCache.ts';
import { type Settings, TENANT_ID } from './settings.ts';
import type { Services } from './startServices.ts';

const MINUTE_MS = 60_000;
/** As many as a row keeps. */
const HISTORY = 20;

/**
 * Puts so many due users into the services: each with a sealed cache, a row and a due row, as days of background
 * refreshes would have left them.
 */
export async function seedUsers(services: Services, settings: Settings, users: number): Promise<UserId[]> {
  const { cacheKeys, entra } = readConfig(settings);
  const sealer = createSealer(cacheKeys);
  const environment = new URL(entra.authority).host;
  const now = Date.now();
  const seeded: UserId[] = [];
  for (let index = 0; index < users; index += 1) {
    const owner = { tid: TENANT_ID, oid: randomUUID(), clientId: entra.clientId, environment };
    const account = dueAccount(owner, now);
    const cache = makeMsalCache(owner, {
      refreshToken: makeRefreshToken(owner.oid),
      cachedAt: seconds(account.lastRefreshed),
      expiresOn: seconds(account.expiresOn),
      otherApis: 0,
    });
    const sealed = await sealer.seal(account.userId, cache, account.generation);
    services.blobs.set(`token-cache/${account.userId}`, { content: Buffer.from(sealed), version: 1 });
    services.rows.put(entityOf(toRow(account)));
    services.rows.put({
      PartitionKey: shardOf(account.userId),
      RowKey: dueRowKey(account.dueAt, account.userId),
    });
    seeded.push(account.userId);
  }
  return seeded;
}

function dueAccount(owner: { tid: string; oid: string }, now: number) {
  const at = (minutes: number) => new Date(now + minutes * MINUTE_MS);
  return {
    userId: toUserId(owner),
    homeAccountId: `${owner.oid}.${owner.tid}`,
    userPrincipalName: `${owner.oid}@bench.example`,
    lastActivity: at(-HISTORY * 60),
    state: 'active',
    generation: randomUUID(),
    // A due time is rounded up to the second, and must be over all the same.
    dueAt: wholeSecond(at(-0.1 - Math.random())),
    runId: undefined,
    failure: undefined,
    attempts: 0,
    lastRefreshed: at(-60),
    expiresOn: at(15),
    refreshTokenExpiresOn: at(23 * 60),
    history: Array.from({ length: HISTORY }, (_, index) => ({
      at: at((index - HISTORY) * 60),
      outcome: 'refreshed' as const,
    })),
  } satisfies AccountFields;
}

/** As the SDK sends a row (https://learn.microsoft.com/rest/api/storageservices/payload-format-for-table-service-operations). */
function entityOf({ partitionKey, rowKey, ...columns }: ReturnType<typeof toRow>) {
  const onWire = Object.entries(columns).flatMap(([name, value]) =>
    value instanceof Date
      ? [
          [name, value.toISOString()],
          [`${name}@odata.type`, 'Edm.DateTime'],
        ]
      : [[name, value]],
  );
  return { PartitionKey: partitionKey, RowKey: rowKey, ...Object.fromEntries(onWire) };
}

const seconds = (at: Date): number => Math.floor(at.getTime() / 1_000);
