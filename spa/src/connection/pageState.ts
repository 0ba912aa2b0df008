import type { Refusal, SignInRefusal } from '@stead/shared/browser/refusal';
import type { Connection, ConnectionTask } from '../../../shared/wire.ts';
import { checksOf, failingSince, failingTasks, passes } from './findings.ts';

/** What the page knows. */
export type Known = {
  /** The service's last answer about the connection; undefined until there is one. */
  connection: Connection | undefined;
  /** Why the last request for the connection brought nothing; undefined if it brought an answer. */
  trouble: Refusal | undefined;
  /** What the person's visit came to; undefined while it is under way. */
  visit: { state: 'ready' } | Refusal | undefined;
  /** True while the page waits for a new permission to arrive everywhere. */
  settling: boolean;
  /** True if the person has just put something right. */
  repaired: boolean;
};

type Failure = NonNullable<Connection['failure']>;

/** How it stands, once for the whole page: every part of it follows this. */
export type PageState =
  | { name: 'loading'; settling: boolean }
  /** The person has to sign in or to give a permission. `stoppedAt`: since when nothing is done for them, if so. */
  | { name: 'sign-in'; refusal: SignInRefusal; stoppedAt?: string }
  /** The page got no answer, or one that does not help, so that nobody can say how it stands. */
  | { name: 'refused'; refusal: Exclude<Refusal, SignInRefusal> }
  /** The service was refused while the person was away. The page itself was served. */
  | { name: 'stopped'; failure?: Failure; since?: string; consent: boolean }
  /** The person said stop. */
  | { name: 'ended'; at?: string }
  /** Nothing is kept, and only the person's wish begins it. */
  | { name: 'not-connected' }
  /** Nothing is kept, and the next visit begins it. */
  | { name: 'none' }
  | { name: 'starting' }
  /** Something failed that passes by itself. `since`: from when on, ISO 8601. */
  | { name: 'waiting'; failure: Failure; since: string }
  /** Something failed that others have to put right. */
  | { name: 'blocked'; failure: Failure; by: 'organisation' | 'service' }
  | { name: 'paused'; until: string }
  /** Tasks failed at their last run. */
  | { name: 'partly'; tasks: ConnectionTask[] }
  | { name: 'well'; repaired: boolean };

/** Derives the one state of the page. What the person has to do comes before what goes on by itself. */
export function pageState({ connection, trouble, visit, settling, repaired }: Known): PageState {
  const refusal = [visit, trouble].find((one) => one?.state === 'sign-in');
  if (refusal?.state === 'sign-in') {
    const stoppedAt = connection?.state === 'needs-user' ? failingSince(connection) : undefined;
    return { name: 'sign-in', refusal, ...(stoppedAt === undefined ? {} : { stoppedAt }) };
  }
  if (visit?.state === 'refused' || visit?.state === 'unexpected') return { name: 'refused', refusal: visit };
  if (connection === undefined) {
    if (trouble !== undefined && visit !== undefined) {
      return { name: 'refused', refusal: trouble as Exclude<Refusal, SignInRefusal> };
    }
    return { name: 'loading', settling };
  }
  // The visit may put right what the service still takes for wrong.
  if (visit === undefined) return { name: 'loading', settling };
  return stateOf(connection, repaired);
}

function stateOf(connection: Connection, repaired: boolean): PageState {
  const { state, failure } = connection;
  switch (state) {
    case 'disconnected':
      return { name: 'ended', ...(connection.lastActivity && { at: connection.lastActivity }) };
    case 'not-connected':
    case 'none':
      return { name: state };
    case 'needs-user':
      return {
        name: 'stopped',
        consent: failure?.kind === 'consent',
        ...(failure && { failure, since: failingSince(connection) ?? failure.at }),
      };
    case 'pending':
    case 'active':
      return failure === undefined
        ? unhindered(connection, repaired)
        : hindered(failure, failingSince(connection) ?? failure.at);
    default:
      return state satisfies never;
  }
}

function hindered(failure: Failure, since: string): PageState {
  switch (failure.kind) {
    case 'transient':
    case 'throttled':
      return { name: 'waiting', failure, since };
    case 'tenant':
      return { name: 'blocked', failure, by: 'organisation' };
    case 'misconfigured':
      return { name: 'blocked', failure, by: 'service' };
    default:
      return { name: 'stopped', failure, since, consent: failure.kind === 'consent' };
  }
}

function unhindered(connection: Connection, repaired: boolean): PageState {
  if (connection.tasksPausedUntil !== undefined) {
    return { name: 'paused', until: connection.tasksPausedUntil };
  }
  if (connection.state === 'pending') return { name: 'starting' };
  const tasks = failingTasks(checksOf(connection));
  return tasks.length > 0 ? { name: 'partly', tasks } : { name: 'well', repaired };
}

/** True while nothing can be done for the person before they have signed in or given a permission. */
export const needsPerson = ({ name }: PageState): boolean => name === 'sign-in' || name === 'stopped';

/** The states in which a check comes by itself, and the person has to know when. */
const IS_CHECKED: ReadonlySet<PageState['name']> = new Set<PageState['name']>([
  'starting',
  'waiting',
  'blocked',
  'partly',
  'well',
]);
export const tellsNextCheck = ({ name }: PageState): boolean => IS_CHECKED.has(name);

export type Tone = 'good' | 'quiet' | 'bad';

/** Red is only for what is still wrong and does not pass by itself. */
export function toneOf(state: PageState): Tone {
  switch (state.name) {
    case 'well':
      return 'good';
    case 'sign-in':
    case 'stopped':
    case 'blocked':
      return 'bad';
    case 'partly':
      return state.tasks.every(passes) ? 'quiet' : 'bad';
    case 'refused':
      return state.refusal.state === 'busy' || state.refusal.state === 'offline' ? 'quiet' : 'bad';
    case 'loading':
    case 'ended':
    case 'not-connected':
    case 'none':
    case 'starting':
    case 'waiting':
    case 'paused':
      return 'quiet';
    default:
      return state satisfies never;
  }
}
