/**
 * `npm run demo -- --shared-client` shows why every operation gets a client of its own. Here one msal-node client
 * serves two users one after the other, as in the documentation's examples of a distributed cache.
 */
import { ConfidentialClientApplication, type ICachePlugin } from '@azure/msal-node';
import { authorityOf } from '../shared/adapters/entra/authority.ts';
import { createMsalCachePlugin } from '../shared/adapters/entra/msalCachePlugin.ts';
import { createSealer } from '../shared/adapters/entra/seal.ts';
import { type Config, readConfig } from '../shared/config.ts';
import { ForeignEntryError } from '../shared/errors.ts';
import { createStead } from '../shared/stead.ts';
import { azureStores } from '../shared/stores/azure.ts';
import {
  ABSENT,
  type CacheContext,
  homeAccountIdsOf,
  readSnapshot,
  writeCache,
} from '../shared/tokens/storedCache.ts';
import { toUserId, type UserId } from '../shared/userId.ts';
import { API_CLIENT_ID, DEMO_USERS } from './entra/directory.ts';
import { signInWithCode } from './entra/signIn.ts';
import { type Platform, startPlatform } from './platform.ts';

type Person = { name: string; userId: UserId; homeAccountId: string; assertion: string };
/** Each user connects only once here, so one generation is enough. */
const GENERATION = '';

type Finding = { user: string; stored: boolean; accountsInCache: string[]; refusal: string };

/** Resolves to the exit code: 0 if the cache leaks and Stead refuses to write it. */
export async function showSharedClient(json: boolean): Promise<number> {
  const platform = await startPlatform({ withoutWeb: true });
  try {
    const people = await Promise.all(DEMO_USERS.slice(0, 2).map((user) => signIn(platform, user)));
    const config = readConfig(platform.settings);
    const naive = await withNaivePlugin(config, people);
    const stead = await withSteadsPlugin(config, people);
    const [, second] = people;
    const leaked = naive.some(
      (finding) => finding.user === second?.name && finding.accountsInCache.length > 1,
    );
    const refused = stead.some(
      (finding) => finding.user === second?.name && !finding.stored && finding.refusal !== '',
    );
    if (json) {
      process.stdout.write(`${JSON.stringify({ naive, stead, leaked, refused }, undefined, 2)}\n`);
    } else {
      tell('One shared client, with a plugin that stores what it gets:');
      for (const finding of naive)
        tell(`  ${finding.user}'s cache holds tokens of: ${finding.accountsInCache.join(', ')}`);
      tell('\nThe same shared client, with the plugin of Stead:');
      for (const finding of stead) {
        tell(
          `  ${finding.user}'s cache ${finding.stored ? `holds tokens of: ${finding.accountsInCache.join(', ')}` : `was not written: ${finding.refusal}`}`,
        );
      }
      tell(
        leaked && refused
          ? '\nA shared client leaks tokens. Stead does not write the leaked ones.'
          : '\nThis is NOT the expected end.',
      );
    }
    return leaked && refused ? 0 : 1;
  } finally {
    await platform.stop();
  }
}

async function signIn(platform: Platform, user: (typeof DEMO_USERS)[number]): Promise<Person> {
  const { accessToken } = await signInWithCode({
    origin: platform.entra.origin,
    user: user.name,
    spaOrigin: platform.webOrigin,
    scope: `api://${API_CLIENT_ID}/.default`,
  });
  const userId = toUserId({ tid: user.tid, oid: user.oid });
  return {
    name: user.name,
    userId,
    homeAccountId: `${user.homeOid}.${user.homeTid}`,
    assertion: accessToken,
  };
}

/** One client for all users. `current` gives the plugin of the user whom it serves now. */
function sharedClient(config: Config, current: () => ICachePlugin): ConfidentialClientApplication {
  const { clientId, credential, authority, tenantId } = config.entra;
  if (credential.kind !== 'secret') throw new TypeError('This client has a secret.');
  const clientSecret = credential.secret;
  return new ConfidentialClientApplication({
    auth: { clientId, clientSecret, ...authorityOf(authority, tenantId) },
    cache: {
      cachePlugin: {
        beforeCacheAccess: (access) => current().beforeCacheAccess(access),
        afterCacheAccess: (access) => current().afterCacheAccess(access),
      },
    },
  });
}

const exchange = (client: ConfidentialClientApplication, person: Person) =>
  client.acquireTokenOnBehalfOf({ oboAssertion: person.assertion, scopes: ['User.Read'] });

async function withNaivePlugin(config: Config, people: Person[]): Promise<Finding[]> {
  const stored = new Map<string, string>();
  let key = '';
  const client = sharedClient(config, () => ({
    beforeCacheAccess: async ({ tokenCache }) => tokenCache.deserialize(stored.get(key) ?? ''),
    afterCacheAccess: async (access) => {
      if (access.cacheHasChanged) stored.set(key, access.tokenCache.serialize());
    },
  }));
  const findings: Finding[] = [];
  for (const person of people) {
    key = person.userId;
    await exchange(client, person);
    findings.push(finding(people, person, stored.get(key)));
  }
  return findings;
}

async function withSteadsPlugin(config: Config, people: Person[]): Promise<Finding[]> {
  const { logId, tokenCache, clock } = createStead(config, { stores: azureStores }).services;
  const sealer = createSealer(config.cacheKeys);
  const context: CacheContext = { store: tokenCache, sealer, logId, log: () => {}, clock };
  let plugin = createMsalCachePlugin(ABSENT);
  const client = sharedClient(config, () => plugin);
  const findings: Finding[] = [];
  for (const person of people) {
    const { userId, homeAccountId } = person;
    const snapshot = await readSnapshot(context, userId, GENERATION);
    plugin = createMsalCachePlugin(snapshot);
    await exchange(client, person);
    let refusal = '';
    try {
      await writeCache(context, {
        userId,
        generation: GENERATION,
        snapshot,
        mine: plugin.changed ?? '',
        homeAccountId,
        writer: 'request',
      });
    } catch (error) {
      if (!(error instanceof ForeignEntryError)) throw error;
      refusal = error.message;
    }
    const blob = await tokenCache.read(userId);
    const opened = blob && (await sealer.open(userId, blob.sealed));
    findings.push({ ...finding(people, person, opened?.ok ? opened.cache : undefined), refusal });
  }
  return findings;
}

function finding(people: Person[], { name }: Person, cache: string | undefined): Finding {
  const homes = homeAccountIdsOf(cache ?? '');
  const accountsInCache = people
    .filter((person) => homes.has(person.homeAccountId))
    .map((person) => person.name);
  return { user: name, stored: cache !== undefined, accountsInCache, refusal: '' };
}

const tell = (text: string): boolean => process.stdout.write(`${text}\n`);
