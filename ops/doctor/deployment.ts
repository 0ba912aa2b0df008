import type { Fetch } from '../../shared/api.ts';
import type { Clock } from '../../shared/clock.ts';
import { StoreCredentialError } from '../../shared/errors.ts';
import type { StoreCredential } from '../../shared/ports.ts';
import type { Environment } from '../../shared/settingsReader.ts';
import { createStead, type Stead } from '../../shared/stead.ts';
import { azureStores } from '../../shared/stores/azure.ts';
import type { Graph } from '../entra/graphClient.ts';
import { type AskJson, createAskJson } from './askJson.ts';
import { type Line, skipped } from './check.ts';
import type { DoctorCommand } from './commandLine.ts';
import { ASK_THE_APP } from './commands.ts';
import { createRegistration, type ReadRegistration } from './registration.ts';
import { readUsableSettings, type UsableSettings } from './usableSettings.ts';

/** What is examined, and with what. */
export type Deployment = UsableSettings & {
  command: DoctorCommand;
  settings: Environment;
  clock: Clock;
  ask: AskJson;
  /** The application. Its stores are of use only if `storageSignIn` says nothing. */
  stead: Stead;
  /** Signs in to storage. @returns why storage cannot be asked from here; undefined if it can */
  storageSignIn: () => Promise<Line | undefined>;
  /** True if storage is asked as the person who is signed in to the Azure CLI, and not as the settings say. */
  isOwnSignIn: boolean;
  /** True on a machine that has an identity endpoint, as an app in Azure has. */
  hasIdentityEndpoint: boolean;
  /** Reads the registrations once, for all checks. */
  registration: ReadRegistration;
  /** The names of the application settings of a function app. @throws {PlainError} */
  settingNames: Surroundings['settingNames'];
};

export type Surroundings = {
  environment: Environment;
  settings: Environment;
  fetch: Fetch;
  clock: Clock;
  /** Gets tokens for storage as the operator. */
  ownSignIn: StoreCredential;
  /** Connects to Microsoft Graph. @throws {PlainError} there is no token. */
  openGraph: (graph: string, tenantId: string) => Promise<Graph>;
  /** The names of the application settings of a function app. @throws {PlainError} */
  settingNames: (app: string, resourceGroup: string) => Promise<string[]>;
};

export function createDeployment(command: DoctorCommand, surroundings: Surroundings): Deployment {
  const { settings, clock, ownSignIn, environment, settingNames } = surroundings;
  const usable = readUsableSettings(settings);
  const { storage } = usable.config;
  const identity = 'connectionString' in storage ? undefined : storage.managedIdentity;
  const isOwnSignIn = !('connectionString' in storage) && identity === undefined;
  const hasIdentityEndpoint = Boolean(environment.IDENTITY_ENDPOINT);
  const stead = createStead(usable.config, {
    stores: azureStores,
    fetch: surroundings.fetch,
    clock,
    log: () => undefined,
    ...(isOwnSignIn && { storageCredential: ownSignIn }),
  });
  let signedIn: Promise<Line | undefined> | undefined;
  const storageSignIn = (): Promise<Line | undefined> => {
    if (identity !== undefined && !hasIdentityEndpoint) return Promise.resolve(ONLY_IN_AZURE);
    signedIn ??= isOwnSignIn ? signIn(ownSignIn) : Promise.resolve(undefined);
    return signedIn;
  };
  return {
    ...usable,
    command,
    settings,
    clock,
    ask: createAskJson(surroundings),
    stead,
    storageSignIn,
    isOwnSignIn,
    hasIdentityEndpoint,
    registration: createRegistration(command, usable, surroundings),
    settingNames,
  };
}

const ONLY_IN_AZURE = skipped(
  'Storage is reached with a managed identity, which this machine does not have.',
  {
    remedy:
      'Ask the deployed app with --api-url. Or leave out TokenStore__credential here, so that your own sign-in to the Azure CLI is used.',
    command: ASK_THE_APP,
  },
);

/** `az` may take longer than an operation of a store may, so its first token is fetched before. */
async function signIn(ownSignIn: StoreCredential): Promise<Line | undefined> {
  try {
    await ownSignIn.getToken([]);
    return undefined;
  } catch (error) {
    if (!(error instanceof StoreCredentialError)) throw error;
    return skipped(`There is no token for storage (${error.code}).`, { remedy: error.remedy });
  }
}
