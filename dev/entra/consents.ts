/**
 * Who consented to what: one grant for each client, resource and user, or client, resource and tenant
 * (https://learn.microsoft.com/graph/api/resources/oauth2permissiongrant).
 */
import type { Client, ResourceAccess } from './clients.ts';
import type { Identity } from './directory.ts';
import { InputError, isRecord } from './input.ts';
import { keepFile, readKept } from './keys.ts';

/** Whose consent it is: one user's, or a whole tenant's. */
export type Holder = { tid: string; oid?: string };

export type ConsentGrant = Holder & {
  client: string;
  resource: string;
  /** By name: who granted the permission (short name), and when (epoch milliseconds). */
  permissions: Record<string, { by: string; at: number }>;
};

/** What one client asks for at one resource. */
export type Asked = { client: string } & ResourceAccess;

export type ConsentSettings = {
  /** How long a consent takes until exchanges and refreshes see it. At Entra it takes seconds, sometimes longer. */
  delaySeconds: number;
};

export type Consents = {
  settings: ConsentSettings;
  /** Tenants whose policy lets only administrators consent. */
  closedTenants: Set<string>;
  all(): ConsentGrant[];
  /**
   * What the client may do at the resource for this user, by the user's consent or the tenant's.
   * @param after seconds; a grant that is younger than this does not count
   */
  granted(client: Client, resource: string, identity: Identity, after?: number): string[];
  give(asked: readonly Asked[], holder: Holder, by: string): Promise<void>;
  /**
   * Withdraws all grants of a user, or of a tenant and of everybody in it.
   * @param client withdraws only the grants for this application
   */
  withdraw(holder: Holder, client?: string): Promise<void>;
};

const keyOf = (client: string, resource: string, { tid, oid }: Holder): string =>
  `${client} ${resource} ${tid} ${oid ?? '*'}`;

/**
 * @param path the file that keeps the grants between runs; only in memory if left out
 * @param atGraph what was granted at Graph for everybody in a tenant
 * @throws Error if the file is there and does not hold grants
 */
export async function openConsents(
  path?: string,
  atGraph: (client: string, resource: string, tid: string) => string[] = () => [],
): Promise<Consents> {
  const grants = new Map<string, ConsentGrant>();
  for (const grant of path === undefined ? [] : await readGrants(path)) {
    grants.set(keyOf(grant.client, grant.resource, grant), grant);
  }
  let saved = Promise.resolve();
  /** Writes are made one after the other, so that the file ends with the newest state. */
  const save = async (): Promise<void> => {
    if (path === undefined) return;
    saved = saved.then(() => keepFile(path, [...grants.values()]));
    await saved;
  };

  return {
    settings: { delaySeconds: 0 },
    closedTenants: new Set(),
    all: () => [...grants.values()],
    granted: (client, resource, { tid, oid }, after = 0) => {
      // An application needs no consent for itself.
      if (client.id === resource) return [...client.exposes];
      const latest = Date.now() - after * 1_000;
      const found = [{ tid, oid }, { tid }].flatMap((holder) =>
        Object.entries(grants.get(keyOf(client.id, resource, holder))?.permissions ?? {}),
      );
      const given = found.filter(([, { at }]) => at <= latest).map(([permission]) => permission);
      return [...new Set([...given, ...atGraph(client.id, resource, tid)])];
    },
    give: async (asked, holder, by) => {
      for (const { client, resource, permissions } of asked) {
        const key = keyOf(client, resource, holder);
        const grant = grants.get(key) ?? { client, resource, ...holder, permissions: {} };
        for (const permission of permissions) grant.permissions[permission] ??= { by, at: Date.now() };
        grants.set(key, grant);
      }
      await save();
    },
    withdraw: async ({ tid, oid }, client) => {
      for (const [key, grant] of grants) {
        const theirs = grant.tid === tid && (oid === undefined || grant.oid === oid);
        if (theirs && (client === undefined || grant.client === client)) grants.delete(key);
      }
      await save();
    },
  };
}

async function readGrants(path: string): Promise<ConsentGrant[]> {
  const text = await readKept(path);
  if (text === undefined) return [];
  try {
    const grants: unknown = JSON.parse(text);
    if (Array.isArray(grants) && grants.every(isGrant)) return grants;
    throw new Error('it holds something else');
  } catch (cause) {
    throw new Error(`${path} holds no consents of this server: remove it to start without any`, { cause });
  }
}

const isGrant = (value: unknown): value is ConsentGrant => {
  if (!isRecord(value) || !isRecord(value.permissions)) return false;
  return [value.client, value.resource, value.tid].every((one) => typeof one === 'string');
};

/** @throws InputError that names the field and what is allowed */
export function changedConsentSettings(current: ConsentSettings, input: unknown): ConsentSettings {
  const { delaySeconds = current.delaySeconds, ...rest } = isRecord(input) ? input : {};
  if (!isRecord(input) || Object.keys(rest).length > 0) {
    throw new InputError('consent: expected an object with "delaySeconds" and nothing else');
  }
  if (typeof delaySeconds !== 'number' || !(delaySeconds >= 0 && delaySeconds <= 86_400)) {
    throw new InputError('consent: "delaySeconds" must be a number from 0 to 86400');
  }
  return { delaySeconds };
}
