import { type Azurite, startAzurite } from '../../dev/azurite.ts';
import {
  API_CLIENT_ID,
  API_CLIENT_SECRET,
  API_SCOPE_NAME,
  type DemoUser,
  TENANT_ID,
} from '../../dev/entra/directory.ts';
import { type Entra, startEntra } from '../../dev/entra/startEntra.ts';
import { readConfig } from '../../shared/config.ts';
import { toUserId, type UserId } from '../../shared/userId.ts';
import { checkStorage, type StorageReport } from './checkStorage.ts';
import { type Act, createDrillApp, type DrillApp } from './drillApp.ts';
import { buildDrillChild, type Kill } from './drillChild.ts';
import { SPA_ORIGIN, signIn } from './entraClients.ts';

/** To MSAL, such a token has expired when it is issued; to Graph it is good for minutes. */
export const EXPIRED_AT_ONCE = 299;

export type DrillUser = { name: string; userId: UserId };

export type DrillStage = {
  azurite: Azurite;
  entra: Entra;
  settings: Record<string, string>;
  users: readonly DrillUser[];
  /** A new bearer token. */
  signIn(user: DrillUser): Promise<string>;
  /** In this process, and alive to the end. */
  app(aheadMs?: number): DrillApp;
  /** In a child process; see `DrillChild.run`. */
  run(act: Act, kill?: Kill, settings?: Record<string, string>): Promise<number | undefined>;
  /** All that is stored, by a check of its own. */
  report(): Promise<StorageReport>;
  stop(): Promise<void>;
};

/** Storage, the stand-in with those people beside the demo users, and processes of the functions over both. */
export async function startDrillStage(people: readonly DemoUser[]): Promise<DrillStage> {
  const [azurite, entra, child] = await Promise.all([
    startAzurite(),
    startEntra({
      port: 0,
      spaOrigins: [SPA_ORIGIN],
      users: people,
      lifetimes: { accessToken: EXPIRED_AT_ONCE },
    }),
    buildDrillChild(),
  ]);
  const settings = settingsOf(entra, azurite.connectionString);
  return {
    azurite,
    entra,
    settings,
    users: people.map((user) => ({ name: user.name, userId: toUserId(user) })),
    signIn: async ({ name }) => (await signIn(entra, name)).accessToken,
    app: (aheadMs = 0) => createDrillApp(settings, { aheadMs }),
    run: (act, kill, other = settings) => child.run(other, act, kill),
    report: () =>
      checkStorage({ connectionString: settings.TokenStore, keys: readConfig(settings).cacheKeys }),
    async stop() {
      await Promise.all([child.remove(), entra.close(), azurite.stop()]);
    },
  };
}

/** What a deployment over them is set to. */
export function settingsOf(entra: Entra, connectionString: string) {
  return {
    FUNCTIONS_WORKER_RUNTIME: 'node',
    AzureWebJobsStorage: connectionString,
    ENTRA_TENANT_ID: TENANT_ID,
    ENTRA_CLIENT_ID: API_CLIENT_ID,
    ENTRA_CLIENT_SECRET: API_CLIENT_SECRET,
    ENTRA_AUTHORITY: entra.origin,
    API_SCOPE: API_SCOPE_NAME,
    GRAPH_BASE_URL: entra.origin,
    TokenStore: connectionString,
  };
}
