import type { Connection, ConnectionEvent, ConnectionFailureKind } from '../../../shared/wire.ts';

/** `good` something was done, `quiet` nothing had to be, `bad` something was refused. */
export type EventText = { title: string; text: string; tone: 'good' | 'quiet' | 'bad' };

/** Each kind of failure, in words for the person it happened to. */
const FAILURES: Record<ConnectionFailureKind, Omit<EventText, 'tone'>> = {
  'needs-user': {
    title: 'Refused: you are needed',
    text: 'The directory wants to see you before Stead may go on. Signing in again mends it.',
  },
  consent: {
    title: 'Refused: a permission is missing',
    text: 'Stead has no permission from you, or from your organisation, to act for you. Your next visit asks for it.',
  },
  'cache-lost': {
    title: 'The connection was lost',
    text: 'What Stead kept for you was gone or could not be opened. Your next visit makes it anew.',
  },
  throttled: {
    title: 'Asked to wait',
    text: 'The directory asked for fewer requests. Stead tries again by itself.',
  },
  tenant: {
    title: 'Your organisation said no',
    text: 'Its directory does not let this application in just now. Stead tries again; its administrators can mend it.',
  },
  transient: {
    title: 'No answer',
    text: 'A service could not be reached. Stead tries again by itself.',
  },
  misconfigured: {
    title: 'Put off',
    text: 'Something is wrong with the service itself. Those who run it are told.',
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
      return { title: 'Token still good', text: 'Stead looked, and there was nothing to do.', tone: 'quiet' };
    case 'task-done':
      return { title: `Task “${task}” done`, text: 'Stead did this as you.', tone: 'good' };
    case 'task-failed':
      return {
        title: `Task “${task}” failed`,
        text:
          kind === 'consent'
            ? 'It needs a permission that was not given. An administrator can give it.'
            : 'Stead tries again after its next look.',
        tone: 'bad',
      };
    case 'failed':
      return { ...FAILURES[kind ?? 'transient'], tone: 'bad' };
    default:
      // A newer service may know more outcomes than this page.
      outcome satisfies never;
      return { title: String(outcome), text: 'This page does not know what that means.', tone: 'quiet' };
  }
}

/** The state of a connection: a word for it, and what it means. */
export const STATE_TEXT: Record<
  Connection['state'],
  { name: string; text: string; tone: EventText['tone'] }
> = {
  pending: {
    name: 'Starting',
    text: 'Stead has seen you, and begins to look after your connection.',
    tone: 'quiet',
  },
  active: { name: 'Working', text: 'You can close this page: Stead goes on for you.', tone: 'good' },
  'needs-user': { name: 'Waiting for you', text: 'Stead cannot go on without you.', tone: 'bad' },
  disconnected: {
    name: 'Disconnected',
    text: 'Nothing is kept of you. This page still answers, and nothing goes on when you leave.',
    tone: 'quiet',
  },
  none: { name: 'Not connected', text: 'Stead keeps nothing of you yet.', tone: 'quiet' },
};
