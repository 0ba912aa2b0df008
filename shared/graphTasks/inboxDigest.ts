import { graph } from '../adapters/graph/graphApi.ts';
import type { BoundApi } from '../api.ts';
import { isRecord } from '../isRecord.ts';
import { defineTask } from '../worker/defineTask.ts';
import { accepted, type DeltaEntry, followDelta, GraphRefusedError, serverTimeOf } from './followDelta.ts';

const INBOX = '/v1.0/me/mailFolders/inbox';
/** Outlook's pages have ten messages unless more are asked for. */
const PAGES = { Prefer: 'odata.maxpagesize=50' };

type State = { link: string; since: string };

/**
 * Counts the messages that came to the user's inbox since the last check. It tells no subjects and no names.
 *
 * It needs an administrator: in most tenants users cannot consent to `Mail.ReadBasic` themselves.
 */
export const inboxDigest = defineTask({
  name: 'inbox-digest',
  title: 'New mail',
  api: graph,
  scopes: ['Mail.ReadBasic'],
  timeoutMs: 30_000,
  async run({ api, state }) {
    const last = readState(state);
    // A link that is lost loses no message, because Graph is asked for all that came since it was known to be good.
    let since = last?.since;
    const start = async () => {
      since ??= secondOf(serverTimeOf(await accepted(await api.fetch(`${INBOX}?$select=id`))));
      return `${INBOX}/messages/delta?changeType=created&$select=isRead&$filter=receivedDateTime ge ${since}`;
    };
    const delta = await followInbox(api, last?.link, start);
    const messages = delta.entries.filter(isMessage);
    const kept: State = {
      link: delta.link,
      since: delta.isComplete ? secondOf(delta.began) : (since ?? secondOf(delta.began)),
    };
    const begun = last === undefined ? { summary: 'Your inbox is watched from now on.' } : {};
    return { ...begun, ...told(messages, delta.isComplete), count: messages.length, state: kept };
  },
});

async function followInbox(api: BoundApi, link: string | undefined, start: () => Promise<string>) {
  try {
    return await followDelta(api, { link, start, headers: PAGES });
  } catch (error) {
    const hasNoMailbox = error instanceof GraphRefusedError && error.statusCode === 404;
    throw hasNoMailbox ? new GraphRefusedError(404, 'NoMailbox') : error;
  }
}

function readState(state: unknown): State | undefined {
  if (!isRecord(state)) return undefined;
  const { link, since } = state;
  return typeof link === 'string' && typeof since === 'string' && IS_SECOND.test(since)
    ? { link, since }
    : undefined;
}

const IS_SECOND = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

/** As a filter of Graph has it. */
const secondOf = (time: Date): string => `${time.toISOString().slice(0, 19)}Z`;

/** What was moved or deleted is only named. */
const isMessage = (entry: DeltaEntry): boolean => entry['@removed'] === undefined;

/** Without a message there is nothing to say, and what was said last stays. */
function told(messages: readonly DeltaEntry[], isComplete: boolean): { summary?: string } {
  const count = messages.length;
  if (count === 0) return {};
  const unread = messages.filter(({ isRead }) => isRead === false).length;
  const all = count === 1 ? '1 new message' : `${count} new messages`;
  return { summary: `${all}${isComplete ? '' : ' so far'}, ${unread} unread` };
}
