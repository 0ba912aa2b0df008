import { type Answered, statusOf } from './askJson.ts';
import { type Check, type Line, ok, skipped, unreachable, warn, wrong } from './check.ts';
import { ASK_THE_APP, showAnswer } from './commands.ts';

/** The alert `workerSilent` begins then, too. */
const SILENT_S = 300;

/** What the deployed functions say of themselves. Only they can try a managed identity. */
export const deployedCheck: Check = {
  name: 'deployed app',
  async run({ ask, command: { apiUrl } }) {
    if (apiUrl === undefined) {
      return [
        skipped('No deployed app was named.', {
          command: ASK_THE_APP,
        }),
      ];
    }
    const aliveUrl = `${apiUrl}/api/health`;
    const lives = await ask(aliveUrl);
    if ('noAnswer' in lives || lives.status !== 204) return [notAlive(aliveUrl, lives)];
    const readyUrl = `${apiUrl}/api/health/ready`;
    const answer = await ask(readyUrl);
    if ('noAnswer' in answer) return [unknown(readyUrl, answer)];
    if (answer.status === 404) {
      return [
        ok(`${apiUrl} answers.`),
        skipped('Its release cannot say whether it is ready.', { remedy: 'Deploy this release.' }),
      ];
    }
    const lines = answer.status === 200 || answer.status === 503 ? readyLines(answer.json, apiUrl) : [];
    if (lines.length > 0) return lines;
    return [answer.status === 200 ? notOurs(readyUrl) : unknown(readyUrl, answer)];
  },
};

const PLACES = '--name <function app> --resource-group <group>';

/** Only "not found" is the app's own answer: what stands before the app refuses with other statuses. */
function notAlive(url: string, answer: Answered): Line {
  if (!('status' in answer) || (answer.status !== 404 && answer.status !== 200)) return unknown(url, answer);
  return wrong(`${url} answers ${answer.status}.`, {
    remedy:
      'The app has no functions, or the address is not that of the functions. If this lists none, deploy them.',
    command: `az functionapp function list ${PLACES} --query "[].name"`,
  });
}

const unknown = (url: string, answer: Answered): Line =>
  unreachable(
    'noAnswer' in answer
      ? `${url} does not answer (${answer.noAnswer}).`
      : `${url} answers ${statusOf(answer)}, which says nothing about the app.`,
    {
      remedy:
        'Check the address, the access restrictions of the app, and the proxy of this machine. An app that is stopped, or does not start, answers 403 or 503: its log says why.',
      command: `az functionapp show ${PLACES} --query state`,
    },
  );

const notOurs = (url: string): Line =>
  wrong('The answer of /api/health/ready is not that of this project.', {
    remedy: 'Correct the address.',
    command: showAnswer(url),
  });

/** @returns nothing if this is not the answer of this project */
function readyLines(
  { storage, storageCode, credential, code, lastRunSecondsAgo }: Record<string, unknown>,
  apiUrl: string,
): Line[] {
  const again = `npm run doctor -- --api-url ${apiUrl}`;
  const lines: Line[] = [];
  if (storage === 'ready') lines.push(ok('The app reaches its storage.'));
  else if (storage === 'refused') {
    lines.push(
      wrong(`Storage refuses the app${because(storageCode)}.`, {
        remedy:
          'The event storage.unreachable in its log has the remedy: a role, the firewall, the key, or the identity. Then ask again, after a minute.',
        command: again,
      }),
    );
  } else if (storage === 'unreachable') {
    lines.push(
      unreachable('The app gets no answer from its storage.', {
        remedy:
          'Ask again in a minute. If that lasts, the event storage.unreachable in its log has the remedy.',
        command: again,
      }),
    );
  }
  if (credential === 'accepted') lines.push(ok("Entra accepts the app's credential."));
  else if (credential === 'refused') {
    lines.push(
      wrong(`Entra refuses the app's credential${because(code)}.`, {
        remedy:
          'docs/runbook.md, "The credential", says what each code means. Then ask again, after a minute.',
        command: again,
      }),
    );
  } else if (credential === 'unreachable') {
    lines.push(
      unreachable(`The app cannot try its credential${because(code)}.`, {
        remedy: 'Ask again in a minute.',
        command: again,
      }),
    );
  }
  // An earlier release does not tell it, and neither does an app whose worker has never run.
  if (typeof lastRunSecondsAgo === 'number') {
    const says = `The last run of the worker ended ${Math.round(lastRunSecondsAgo)} s ago.`;
    lines.push(
      lastRunSecondsAgo <= SILENT_S
        ? ok(says)
        : warn(says, { remedy: 'docs/runbook.md, "Timers that stop".' }),
    );
  }
  return lines;
}

const because = (code: unknown): string =>
  typeof code === 'string' && /^[\w.-]{1,64}$/.test(code) ? ` (${code})` : '';
