/** Stead's own token adapter over the stand-in and an in-memory store. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { ALL_USERS, API_CLIENT_ID, API_CLIENT_SECRET } from '../../dev/entra/directory.ts';
import type { Entra } from '../../dev/entra/startEntra.ts';
import { authorityOf } from '../../shared/adapters/entra/authority.ts';
import { createMsalUserTokens } from '../../shared/adapters/entra/msal.ts';
import { createSealer } from '../../shared/adapters/entra/seal.ts';
import { createMemoryTokenCacheStore } from '../../shared/adapters/memory/memoryTokenCacheStore.ts';
import { systemClock } from '../../shared/clock.ts';
import type { LogEvent } from '../../shared/log.ts';
import type { Caller, Operation, Sealer, TokenCacheStore } from '../../shared/ports.ts';
import { createLogId, toUserId, type UserId } from '../../shared/userId.ts';
import { GRAPH_SCOPES, journal, signIn } from './entraClients.ts';

export type TestTokensOptions = {
  store?: TokenCacheStore;
  sealer?: Sealer;
  clientSecret?: string;
  timeoutMs?: number;
  /** Ours, as an invocation has it. */
  correlationId?: string;
};

export function createTestTokens(entra: Entra, options: TestTokensOptions = {}) {
  const store = options.store ?? createMemoryTokenCacheStore();
  const sealer = options.sealer ?? createSealer([{ kid: 'test', secret: new Uint8Array(32).fill(7) }]);
  const events: LogEvent[] = [];
  const operation: Operation = {
    log: (event) => void events.push(event),
    correlationId: options.correlationId,
  };
  const userTokens = createMsalUserTokens(
    {
      auth: (tid) => ({
        clientId: API_CLIENT_ID,
        clientSecret: options.clientSecret ?? API_CLIENT_SECRET,
        clientCapabilities: ['CP1'],
        ...authorityOf(entra.origin, tid),
      }),
      scopes: GRAPH_SCOPES,
      timeoutMs: options.timeoutMs ?? 5_000,
      fetch,
    },
    { store, sealer, logId: createLogId(new Uint8Array(32)), clock: systemClock },
  );
  const tokens = {
    onBehalfOf: (request: Parameters<typeof userTokens.onBehalfOf>[1]) =>
      userTokens.onBehalfOf(operation, request),
    silent: (request: Parameters<typeof userTokens.silent>[1]) => userTokens.silent(operation, request),
  };
  return { tokens, store, sealer, events };
}

/** A demo user, signed in anew: every call brings another assertion. */
export async function callerFor(entra: Entra, name: string, claims?: string): Promise<Caller> {
  const user = ALL_USERS.find((candidate) => candidate.name === name);
  if (user === undefined) throw new Error(`there is no user "${name}"`);
  const { accessToken } = await signIn(entra, name, {
    tenant: user.tid,
    ...(claims === undefined ? {} : { claims }),
  });
  const { tid, oid } = user;
  return {
    userId: toUserId(user),
    tid,
    oid,
    userPrincipalName: undefined,
    expiresOn: new Date(Date.now() + 3_600_000),
    assertion: accessToken,
  };
}

/** MSAL's serialized cache as it is stored for a user; fails the test if there is none that opens. */
export async function readCache(store: TokenCacheStore, sealer: Sealer, userId: UserId): Promise<string> {
  const stored = await store.read(userId);
  const opened = stored && (await sealer.open(userId, stored.sealed));
  expect(opened).toMatchObject({ ok: true });
  return opened?.ok ? opened.cache : '';
}

/** Until the user's refresh grant has arrived and is not answered yet. */
export async function waitForGrant(entra: Entra, name: string): Promise<void> {
  for (let waited = 0; waited < 10_000; waited += 20) {
    const entries = await journal(entra);
    if (entries.some((e) => e.grant === 'refresh_token' && e.user === name && e.status === 0)) return;
    await sleep(20);
  }
  throw new Error(`no refresh grant for ${name} is on the wire`);
}
