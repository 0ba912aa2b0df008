import { NotConnectedError } from '../../shared/errors.ts';
import type { Person } from './entraTypes.ts';
import type { Running, Stage } from './stage.ts';

/**
 * How a link goes on. `other`: somebody else signs in at Entra. `twice`: the browser asks for each of its addresses twice at the
 * same time. `cancelled`: the user does not sign in.
 */
export type HowLinked = 'well' | 'other' | 'twice' | 'cancelled';

/** The user lets Stead have a grant of its own: their page asks, and their browser goes to Entra and back. */
export function link(stage: Stage, running: Running, person: Person, assertion: string, how: HowLinked) {
  const { world, entra, invariants, people } = stage;
  const { name } = person;
  const { connection } = running.stead;
  const times = how === 'twice' ? 2 : 1;
  const other = people.find((one) => one !== person);
  const signsIn = how === 'cancelled' ? undefined : how === 'other' ? other : person;
  const each = <T>(ask: () => Promise<T>): Promise<T[]> => Promise.all(Array.from({ length: times }, ask));
  const what = `link of ${name}${how === 'well' ? '' : ` (${how})`}`;
  return stage.begin(running, { kind: 'link', person, what }, async (operation, begun) => {
    try {
      const { ticket } = await connection.askForLink(operation, assertion, async () => ({}));
      const text = new URL(ticket.url).searchParams.get('ticket') ?? '';
      const opened = await each(() => connection.openLink(text));
      const gone = opened.flatMap((one) => ('cookie' in one ? one : []));
      const [first] = gone;
      invariants.onLinked(person, person, gone.length);
      if (first === undefined) return opened.map((one) => 'result' in one && one.result).join();
      const query = await world.ask(running.life, {
        what: () => `browser: ${signsIn?.name ?? 'nobody'} signs in`,
        effect: () => entra.signIn(first.signInUrl, signsIn),
        changes: false,
        faults: {},
        aborted: () => undefined,
        signal: undefined,
      });
      const ended = await each(() => connection.finishLink(operation, query, first.cookie));
      const results = ended.map(({ result }) => result);
      invariants.onLinked(person, signsIn, results.filter((one) => one === 'linked').length);
      if (results.includes('linked')) invariants.onForgotten(running.life, person);
      if (how === 'well' && results.includes('unavailable')) invariants.onLinkUnavailable(begun, person);
      return results.join();
    } catch (error) {
      if (!(error instanceof NotConnectedError)) throw error;
      return `refused: ${error.message}`;
    } finally {
      // What was consented to by the way is had by the next exchange.
      invariants.unsettle(person);
      if (signsIn !== undefined) invariants.unsettle(signsIn);
    }
  });
}
