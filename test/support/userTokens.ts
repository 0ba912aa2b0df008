/** Tokens through the application over the stand-in, with the stored caches in memory. */
import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { ALL_USERS } from '../../dev/entra/directory.ts';
import type { Entra } from '../../dev/entra/startEntra.ts';
import { createMemoryTokenCacheStore } from '../../shared/adapters/memory/memoryTokenCacheStore.ts';
import type { Caller, Sealer } from '../../shared/ports.ts';
import { createLocalApp } from '../../shared/testing/localApp.ts';
import type { TokenCacheStore } from '../../shared/tokenCacheStore.ts';
import { toUserId, type UserId } from '../../shared/userId.ts';
import { journal, signIn } from './entraClients.ts';

export type TestTokensOptions = {
  store?: TokenCacheStore;
  sealer?: Sealer;
  clientSecret?: string;
  timeoutMs?: number;
  /** Ours, as an invocation has it. */
  correlationId?: string;
  fetch?: typeof fetch;
};

export function createTestTokens(entra: Entra, options: TestTokensOptions = {}) {
  const tokenCache = options.store ?? createMemoryTokenCacheStore();
  const { tokens, sealer, events } = createLocalApp(entra, {
    tokenCache,
    ...(options.sealer && { sealer: options.sealer }),
    ...(options.clientSecret && { settings: { ENTRA_CLIENT_SECRET: options.clientSecret } }),
    timeouts: { tokenMs: options.timeoutMs ?? 5_000 },
    ...(options.correlationId && { correlationId: options.correlationId }),
    ...(options.fetch && { fetch: options.fetch }),
  });
  return { tokens, store: tokenCache, sealer, events };
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
