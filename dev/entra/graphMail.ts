/**
 * A person's inbox (https://learn.microsoft.com/graph/api/mailfolder-get), and what changes in it
 * (https://learn.microsoft.com/graph/api/message-delta).
 */
import { type Context, Hono } from 'hono';
import type { Message } from './belongings.ts';
import { type DeltaState, openDelta, pageOf, sealDelta } from './deltaQuery.ts';
import type { DemoUser } from './directory.ts';
import { GraphError, graphIds } from './entraError.ts';
import { admitToGraph } from './graphCaller.ts';
import { selected } from './graphSelect.ts';
import type { EntraEnv } from './journal.ts';
import type { Shelf, Shelved } from './shelf.ts';
import type { StandIn } from './standIn.ts';

const NEEDED = {
  permissions: ['Mail.ReadBasic', 'Mail.Read', 'Mail.ReadWrite'],
  refusal: 'ErrorAccessDenied',
};
const FOLDER = '/v1.0/me/mailFolders/inbox';
const PATH = `${FOLDER}/messages/delta`;
/** Outlook's pages are small unless the header `Prefer` asks for more. */
const PAGE_SIZE = 10;
const EXAMPLE: Message = { id: '', subject: '', isRead: false, receivedDateTime: '' };
/** The only filters that a delta query of messages knows. */
const FILTER = /^receivedDateTime (?:ge|gt) (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)$/;

export function mailEndpoints(standIn: StandIn): Hono<EntraEnv> {
  const { origin, journal, belongings } = standIn;
  const app = new Hono<EntraEnv>();

  async function inboxOf(
    c: Context<EntraEnv>,
  ): Promise<{ user: DemoUser; inbox: Shelf<Message> } | Response> {
    const identity = await admitToGraph(standIn, c, NEEDED);
    if (identity instanceof Response) return identity;
    const { user } = identity;
    const { inbox } = belongings.of(user);
    if (inbox === undefined) {
      const message =
        'The mailbox is either inactive, soft-deleted, or is hosted on-premise. REST API is not yet supported for it.';
      throw new GraphError(404, 'MailboxNotEnabledForRESTAPI', message);
    }
    return { user, inbox };
  }

  app.get(FOLDER, journal.record('graph'), async (c) => {
    const theirs = await inboxOf(c);
    if (theirs instanceof Response) return theirs;
    const there = theirs.inbox.there();
    const unreadItemCount = there.filter(({ isRead }) => !isRead).length;
    const all = { id: 'AQMkInbox', displayName: 'Inbox', totalItemCount: there.length, unreadItemCount };
    const names = c.req.query('$select')?.split(',');
    const body = {
      '@odata.context': `${origin}/v1.0/$metadata#me/mailFolders/$entity`,
      ...(names === undefined ? all : selected('mailFolder', all, names)),
    };
    return c.json(body, 200, graphIds(c));
  });

  app.get(PATH, journal.record('graph'), async (c) => {
    const theirs = await inboxOf(c);
    if (theirs instanceof Response) return theirs;
    const { user, inbox } = theirs;
    const link = async (name: string, state: DeltaState) =>
      `${origin}${PATH}?${name}=${await sealDelta(standIn, user, 'inbox', state)}`;
    const token = c.req.query('$deltatoken') ?? c.req.query('$skiptoken');
    const state = token === undefined ? firstState(c) : await openDelta(standIn, user, 'inbox', token);
    if (state === 'malformed') throw new GraphError(400, 'BadRequest', 'Badly formed token.');
    if (state === 'gone') {
      throw new GraphError(410, 'SyncStateNotFound', 'The sync state generation is not found.', {
        Location: `${origin}${PATH}`,
      });
    }
    const size = Math.min(askedFor(c), belongings.settings.pageSize ?? askedFor(c));
    const { entries, position, isLast } = pageOf(toTell(inbox, state), size, inbox.latest());
    // The first answer of a query never ends it, even if there is nothing.
    const ends = isLast && token !== undefined;
    const body = {
      '@odata.context': `${origin}/v1.0/$metadata#Collection(message)`,
      ...(ends
        ? { '@odata.deltaLink': await link('$deltatoken', { ...state, position, enumerates: false }) }
        : { '@odata.nextLink': await link('$skiptoken', { ...state, position }) }),
      value: entries.map((entry) => changeOf(entry, state.select)),
    };
    return c.json(body, 200, graphIds(c));
  });
  return app;
}

function firstState(c: Context): DeltaState {
  const [select, changeType, filter] = ['$select', 'changeType', '$filter'].map((name) => c.req.query(name));
  const names = select?.split(',');
  if (names) selected('message', EXAMPLE, names);
  if (changeType !== undefined && changeType !== 'created') {
    throw new GraphError(400, 'BadRequest', `This server knows no changeType '${changeType}'.`);
  }
  const receivedSince = filter === undefined ? undefined : FILTER.exec(filter)?.[1];
  if (filter !== undefined && receivedSince === undefined) {
    throw new GraphError(
      400,
      'ErrorInvalidUrlQueryFilter',
      'The query filter contains one or more invalid nodes.',
    );
  }
  return {
    position: 0,
    enumerates: true,
    ...(names && { select: names }),
    ...(changeType && { onlyAdded: true }),
    ...(receivedSince && { receivedSince }),
  };
}

/** `odata.maxpagesize` of the header `Prefer`. */
function askedFor(c: Context): number {
  const [, size] = /odata\.maxpagesize=([1-9]\d{0,2})\b/.exec(c.req.header('prefer') ?? '') ?? [];
  return size === undefined ? PAGE_SIZE : Number(size);
}

function toTell(inbox: Shelf<Message>, state: DeltaState): Shelved<Message>[] {
  const { position, enumerates, onlyAdded = false, receivedSince = '' } = state;
  return inbox
    .changedAfter(position)
    .filter(({ thing }) => thing.receivedDateTime >= receivedSince)
    .filter(({ added, isRemoved }) => {
      // What was deleted before the first request is not told.
      if (enumerates) return !isRemoved;
      return !onlyAdded || (added > position && !isRemoved);
    });
}

function changeOf({ thing, isRemoved }: Shelved<Message>, names: readonly string[] | undefined): object {
  if (isRemoved) return { '@removed': { reason: 'deleted' }, id: thing.id };
  const all = { '@odata.etag': `W/"${thing.id}"`, ...thing };
  // The id is always there.
  return names === undefined
    ? all
    : { '@odata.etag': all['@odata.etag'], id: all.id, ...selected('message', all, names) };
}
