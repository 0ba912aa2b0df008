import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Stead } from '@stead/shared';
import { defineTask } from '@stead/shared/defineTask';
import { graph } from '@stead/shared/graph';

type Settings = {
  /** The public address at which `receiveChanges` answers. */
  url: string;
  /** 32 random bytes of your own. Whoever has them can wake any user, and nothing else. */
  key: Uint8Array;
};

/** What is read of a request, of the Fetch API or of Azure Functions. */
type Received = { url: string; body: AsyncIterable<Uint8Array> | null };

/** A subscription ends by itself this long after the last check, and so does that of a user who has disconnected. */
const KEPT_FOR_MS = 2 * 86_400_000;

/** A task that has Graph tell us of changes in the user's drive, and tells it in each check to go on. */
export const watchDrive = ({ url, key }: Settings) =>
  defineTask({
    name: 'watch-drive',
    title: 'Watching your files',
    api: graph,
    scopes: ['Files.Read'],
    async run({ api, user, state }) {
      const expirationDateTime = new Date(Date.now() + KEPT_FOR_MS).toISOString();
      const send = (method: string, path: string, body: object) =>
        api.fetch(path, {
          method,
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        });
      if (typeof state === 'string') {
        const renewed = await send('PATCH', `/v1.0/subscriptions/${encodeURIComponent(state)}`, {
          expirationDateTime,
        });
        if (renewed.ok) return { state };
        if (renewed.status !== 404) throw refusal(renewed);
      }
      const made = await send('POST', '/v1.0/subscriptions', {
        changeType: 'updated',
        resource: '/me/drive/root',
        notificationUrl: url,
        lifecycleNotificationUrl: url,
        expirationDateTime,
        clientState: clientStateOf(user.id, key),
      });
      if (!made.ok) throw refusal(made);
      const { id } = (await made.json()) as { id: string };
      return { state: id };
    },
  });

/**
 * Answers Graph. Each notification wakes its user, and the user's tasks then look for themselves: what a notification says
 * beside its `clientState` is not used. Lifecycle notifications come here, too: the next check renews the subscription, or
 * makes another.
 */
export const receiveChanges =
  (stead: Pick<Stead, 'wake'>, key: Uint8Array) =>
  async (request: Received): Promise<Response> => {
    const validationToken = new URL(request.url).searchParams.get('validationToken');
    if (validationToken !== null) {
      const headers = { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' };
      return new Response(validationToken, { headers });
    }
    const body = await jsonOf(request);
    if (body === 'too-large') return new Response(null, { status: 413 });
    try {
      for (const user of usersIn(body, key)) await stead.wake(user);
    } catch {
      // Graph then sends them again.
      return new Response(null, { status: 503 });
    }
    return new Response(null, { status: 202 });
  };

/** Anybody may send something here. Graph sends less than a kilobyte for each notification. */
const MOST_BYTES = 1_000_000;

/** It reads no more than it has to, whatever the headers say. */
async function jsonOf(request: Received): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of request.body ?? []) {
      length += chunk.length;
      if (length > MOST_BYTES) return 'too-large';
      chunks.push(chunk);
    }
    return JSON.parse(Buffer.concat(chunks).toString());
  } catch {
    return undefined;
  }
}

/**
 * The user id and a proof that it was we who wrote it: 117 characters, and Graph allows 128.
 * @throws {TypeError} the key is too short, such as one from a setting that is missing.
 */
function clientStateOf(userId: string, key: Uint8Array): string {
  if (key.length < 32) throw new TypeError('The key must have 32 bytes.');
  return `${userId}.${createHmac('sha256', key).update(userId).digest('base64url')}`;
}

function usersIn(body: unknown, key: Uint8Array): Set<string> {
  const { value } = (body ?? {}) as { value?: unknown };
  const users = new Set<string>();
  for (const one of Array.isArray(value) ? value : []) {
    const { clientState } = (one ?? {}) as { clientState?: unknown };
    if (typeof clientState !== 'string') continue;
    const [userId = ''] = clientState.split('.');
    if (isSame(clientState, clientStateOf(userId, key))) users.add(userId);
  }
  return users;
}

/** Takes the same time wherever two texts of one length differ. */
const isSame = (one: string, other: string): boolean => {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
};

const refusal = ({ status }: Response) =>
  Object.assign(new Error('Graph refused the subscription.'), { statusCode: status });
