/** `npm start`: everything on this machine, with no account and no network. */
import { toUserId } from '../shared/userId.ts';
import { ALL_USERS, DEMO_USERS } from './entra/directory.ts';
import type { Host } from './host/spawnHost.ts';
import { FAST_MOTION, type Ports, startPlatform } from './platform.ts';
import { createTaskNews } from './taskNews.ts';
import { createTeller } from './tellEvents.ts';
import { tellRunning } from './tellRunning.ts';
import type { Terminal } from './terminal.ts';

/** What runs, and the text about it for the person at the terminal. */
export type Started = {
  host: Host;
  /** Undefined if Azurite was not started here. */
  azuritePid: number | undefined;
  text: string;
  stop(): Promise<void>;
};

/** The whole platform, with a readable line for each event of the functions, or with their JSON. */
export async function startLocal(ports: Ports, folder: string, { say, json }: Terminal): Promise<Started> {
  const early: string[] = [];
  let take: (line: string) => unknown = json ?? ((line) => early.push(line));
  const platform = await startPlatform({
    ...FAST_MOTION,
    ports,
    folder,
    onHostLine: (line) => void take(line),
  });
  const { host, webOrigin, entra, azurite, stead } = platform;
  const people = new Map(
    ALL_USERS.map((user) => [
      stead.services.logId(toUserId(user)),
      { name: user.name, userId: toUserId(user) },
    ]),
  );
  const newsOf = createTaskNews(stead.services);
  // What tasks told before this start is no news.
  await Promise.all(ALL_USERS.map((user) => newsOf(toUserId(user))));
  take = json ?? createTeller({ say, people, newsOf });
  for (const line of early) take(line);
  const forget = tellRunning(folder, azurite.connectionString);
  const stop = async () => {
    forget();
    await platform.stop();
  };
  const inFolder = process.env.STEAD_FOLDER ? `STEAD_FOLDER=${folder} ` : '';
  const text = `
Stead runs here, with no account and no network:

  page       ${webOrigin}
  functions  ${host.origin}/api/profile
  stand-in   ${entra.origin}   (Entra ID and Graph)
  storage    ${ports.blob} blob, ${ports.queue} queue, ${ports.table} table   (Azurite, kept in ${folder})
  operators  ${inFolder}npm run stead -- accounts list   (in another terminal)

Sign in as one of:
${DEMO_USERS.map((user) => `  ${user.name.padEnd(8)} ${user.displayName} <${user.upn}>${user.homeTid === user.tid ? '' : '   (a guest)'}`).join('\n')}

Sign in on the page, and press "Play the story": a tour shows in two minutes what Stead is for. Or close the page and
watch this terminal: within a minute the worker acts for you, and counts the files and the mail that arrive meanwhile.
Time runs fast here: a token for Graph lasts half a minute, and the worker waits only ten seconds after you left.

Ctrl-C stops everything.
`;
  return { host, azuritePid: azurite.pid, text, stop };
}
