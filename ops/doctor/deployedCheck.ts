import { type Answered, isOutage } from './askJson.ts';
import { type Check, type Line, ok, skipped, unreachable, wrong } from './check.ts';
import { ASK_THE_APP } from './commands.ts';

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
    const lives = await ask(`${apiUrl}/api/health`);
    if ('noAnswer' in lives || lives.status !== 204) return [notAlive(apiUrl, lives)];
    const answer = await ask(`${apiUrl}/api/health/ready`);
    if ('noAnswer' in answer) return [notAlive(apiUrl, answer)];
    if (answer.status === 404) {
      return [
        ok(`${apiUrl} answers.`),
        skipped('Its release cannot say whether it is ready.', { remedy: 'Deploy this release.' }),
      ];
    }
    if (answer.status !== 200 && answer.status !== 503) return [notAlive(apiUrl, answer)];
    return readyLines(answer.json);
  },
};

function notAlive(apiUrl: string, answer: Answered): Line {
  if ('noAnswer' in answer) {
    return unreachable(`${apiUrl} does not answer (${answer.noAnswer}).`, { remedy: 'Check the address.' });
  }
  const says = `${apiUrl}/api/health answers ${answer.status}.`;
  if (isOutage(answer.status))
    return unreachable(says, { remedy: 'The app does not start: its log says why.' });
  return wrong(says, { remedy: 'The app has no functions, or the address is not that of the functions.' });
}

function readyLines({ storage, credential, code }: Record<string, unknown>): Line[] {
  const because = typeof code === 'string' && /^[\w.-]{1,64}$/.test(code) ? ` (${code})` : '';
  const lines: Line[] = [];
  if (storage === 'ready') lines.push(ok('The app reaches its storage.'));
  else if (storage === 'unreachable') {
    lines.push(
      wrong('The app does not reach its storage.', {
        remedy: 'The event storage.unreachable in its log has the remedy.',
      }),
    );
  }
  if (credential === 'accepted') lines.push(ok("Entra accepts the app's credential."));
  else if (credential === 'refused') {
    lines.push(
      wrong(`Entra refuses the app's credential${because}.`, {
        remedy: 'docs/runbook.md, "The credential", says what each code means.',
      }),
    );
  } else if (credential === 'unreachable') {
    lines.push(
      unreachable(`The app cannot try its credential${because}.`, { remedy: 'Ask again in a minute.' }),
    );
  }
  return lines.length > 0 ? lines : [wrong('The answer of /api/health/ready is not that of this project.')];
}
