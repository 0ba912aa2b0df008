import type {
  Connection,
  ConnectionEvent,
  ConnectionFailureKind,
  ConnectionTask,
} from '../../../shared/wire.ts';

/** `good`: something was done. `quiet`: nothing had to be done. `bad`: something failed. */
export type EventText = { title: string; text: string; tone: 'good' | 'quiet' | 'bad' };

/** Each kind of failure in words for the person whom it concerns. */
const FAILURES: Record<ConnectionFailureKind, Omit<EventText, 'tone'>> = {
  'needs-user': {
    title: 'Refused: you are needed',
    text: 'The directory asks you to sign in again before Stead can go on.',
  },
  consent: {
    title: 'Refused: a permission is missing',
    text: 'Stead has no permission from you or from your organisation. This page asks for it at your next visit.',
  },
  'cache-lost': {
    title: 'The connection was lost',
    text: 'The tokens that Stead kept for you were missing or could not be opened. Your next visit connects you again.',
  },
  throttled: {
    title: 'Asked to wait',
    text: 'The directory asked for fewer requests. Stead tries again by itself.',
  },
  tenant: {
    title: 'Your organisation said no',
    text: 'Its directory refuses this application at the moment. Stead tries again; an administrator can solve it.',
  },
  transient: {
    title: 'No answer',
    text: 'A service could not be reached. Stead tries again by itself.',
  },
  misconfigured: {
    title: 'Postponed',
    text: 'Something is wrong with the service itself. The people who run it can see that.',
  },
};

export function eventText({ outcome, kind, task }: ConnectionEvent): EventText {
  switch (outcome) {
    case 'refreshed':
      return {
        title: 'Token refreshed',
        text: 'Stead got a new token for you over the network.',
        tone: 'good',
      };
    case 'from-cache':
      return {
        title: 'Token still valid',
        text: 'Stead checked it, and there was nothing to do.',
        tone: 'quiet',
      };
    case 'task-done':
      return { title: `Task “${task}” done`, text: 'Stead did this in your name.', tone: 'good' };
    case 'task-failed':
      return {
        title: `Task “${task}” failed`,
        text:
          kind === 'consent'
            ? 'It needs a permission that was not given. An administrator can give it.'
            : 'Stead tries again at the next check.',
        tone: 'bad',
      };
    case 'failed':
      return { ...FAILURES[kind ?? 'transient'], tone: 'bad' };
    default:
      // A newer service may know more outcomes than this page.
      outcome satisfies never;
      return { title: String(outcome), text: 'This page does not know what this means.', tone: 'quiet' };
  }
}

/** A task of neighbouring checks, and what it says of itself. */
export function taskText({
  task,
  title = task,
  outcome,
  kind,
  times,
  count,
  summary,
}: ConnectionTask): EventText {
  const ended = eventText({
    at: '',
    outcome: outcome === 'done' ? 'task-done' : 'task-failed',
    ...(kind && { kind }),
    task: title,
  });
  const numbers = [times > 1 && `${times} times`, count !== undefined && `${count} in all`].filter(Boolean);
  const more = numbers.length === 0 ? '' : ` (${numbers.join(', ')})`;
  return { ...ended, text: `${summary ?? ended.text}${more}` };
}

/** The name of each state of a connection, and what it means for the person. */
export const STATE_TEXT: Record<
  Connection['state'],
  { name: string; text: string; tone: EventText['tone'] }
> = {
  pending: {
    name: 'Starting',
    text: 'Stead is setting up your connection.',
    tone: 'quiet',
  },
  active: { name: 'Working', text: 'You can close this page. Stead goes on working for you.', tone: 'good' },
  'needs-user': { name: 'Waiting for you', text: 'Stead cannot go on without you.', tone: 'bad' },
  disconnected: {
    name: 'Disconnected',
    text: 'Stead keeps only that you disconnected. This page still works, but nothing happens while you are away.',
    tone: 'quiet',
  },
  none: { name: 'Not connected', text: 'Stead keeps nothing about you yet.', tone: 'quiet' },
  'not-connected': {
    name: 'Not connected',
    text: 'Stead keeps nothing about you, and this page works all the same. If you connect, Stead goes on working for you while you are away, and keeps what it needs for that until you disconnect.',
    tone: 'quiet',
  },
};

/** True if Stead acts for the person, or would act if they corrected the failure. */
export const isConnected = ({ state }: Connection): boolean =>
  state === 'pending' || state === 'active' || state === 'needs-user';
