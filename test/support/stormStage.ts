import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { startAzurite } from '../../dev/azurite.ts';
import {
  API_CLIENT_ID,
  API_CLIENT_SECRET,
  API_SCOPE_NAME,
  DEMO_USERS,
  type DemoUser,
  numberedUsers,
  TENANT_ID,
} from '../../dev/entra/directory.ts';
import { startEntra } from '../../dev/entra/startEntra.ts';
import { adminConsent } from './adminConsent.ts';
import { SPA_ORIGIN, signIn } from './entraClients.ts';
import { FURTHER_APIS, type StormOrder, type StormResult, type StormUser } from './stormApp.ts';
import { startStormProxy } from './stormProxy.ts';
import { seededRandom } from './stormRandom.ts';

/**
 * To MSAL such a token is good for a quarter of an hour, which is longer than the storm on any machine; to the
 * worker, whose clock is ahead, it is due for a refresh as soon as it is there.
 */
const TOKEN_FOR_SECONDS = 1_200;
const SIGN_INS_AT_A_TIME = 8;

/** Storage behind delays, the stand-in, and `users` people, one of them a guest, each with `devices` assertions. */
export async function startStormStage(options: { seed: string; users: number; devices: number }) {
  const numbered = numberedUsers(options.users - 1);
  const people: DemoUser[] = [DEMO_USERS[3], ...numbered];
  const [azurite, entra] = await Promise.all([
    startAzurite(),
    startEntra({
      port: 0,
      spaOrigins: [SPA_ORIGIN],
      users: numbered,
      // Several tokens for each user, each for an API of its own: that is what a merge can lose.
      apis: FURTHER_APIS,
      lifetimes: { graphAccessToken: TOKEN_FOR_SECONDS },
    }),
  ]);
  await adminConsent(entra);
  const delays = (service: string) => seededRandom(`${options.seed} ${service}`);
  const blobs = await startStormProxy(azurite, 'blob', delays('blob'));
  const behindBlobs = { ...azurite, connectionString: blobs.connectionString };
  const tables = await startStormProxy(behindBlobs, 'table', delays('table'));
  const settings = {
    ENTRA_TENANT_ID: TENANT_ID,
    ENTRA_CLIENT_ID: API_CLIENT_ID,
    ENTRA_CLIENT_SECRET: API_CLIENT_SECRET,
    ENTRA_AUTHORITY: entra.origin,
    API_SCOPE: API_SCOPE_NAME,
    GRAPH_BASE_URL: entra.origin,
    TokenStore: tables.connectionString,
    REFRESH_IDLE_SECONDS: '1',
    REFRESH_MIN_INTERVAL_SECONDS: '2',
  };

  return {
    azurite,
    entra,
    blobs,
    tables,
    settings,
    people,
    /** All devices of everybody, signed in. */
    async signInAll(): Promise<StormUser[]> {
      const users = people.map(({ tid, oid }) => ({ tid, oid, assertions: [] as string[] }));
      const queue = users.flatMap((_, index) => Array<number>(options.devices).fill(index)).values();
      const lane = async () => {
        for (const index of queue) {
          const { accessToken } = await signIn(entra, people[index]?.name ?? '');
          users[index]?.assertions.push(accessToken);
        }
      };
      await Promise.all(Array.from({ length: SIGN_INS_AT_A_TIME }, lane));
      return users;
    },
    runAll: (orders: readonly StormOrder[]) => runProcesses(settings, orders),
    async stop(): Promise<void> {
      await Promise.all([blobs.close(), tables.close()]);
      await Promise.all([entra.close(), azurite.stop()]);
    },
  };
}

/** A process for each order; all begin when all are there. */
async function runProcesses(
  settings: Record<string, string>,
  orders: readonly StormOrder[],
): Promise<StormResult[]> {
  const program = fileURLToPath(new URL('../storm/stormProcess.ts', import.meta.url));
  const children = orders.map((order) => ({
    order,
    child: fork(program, { env: settings, execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] }),
  }));
  try {
    await Promise.all(children.map(({ child }) => messageOf(child)));
    return await Promise.all(
      children.map(async ({ child, order }) => {
        const result = messageOf(child);
        child.send(order);
        return (await result) as StormResult;
      }),
    );
  } finally {
    for (const { child } of children) child.kill('SIGKILL');
  }
}

/** The next one. @throws Error when the process ends without it. */
async function messageOf(child: ChildProcess): Promise<unknown> {
  const ended = new AbortController();
  const exited = once(child, 'exit', { signal: ended.signal }).then(([code]) => {
    throw new Error(`a process of the storm ended with code ${code}`);
  });
  const message = once(child, 'message', { signal: ended.signal });
  try {
    return (await Promise.race([message, exited]))[0];
  } finally {
    ended.abort();
    await Promise.allSettled([message, exited]);
  }
}
