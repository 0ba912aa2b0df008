import { QueueServiceClient } from '@azure/storage-queue';
import type { StoreCredential } from '../shared/ports.ts';
import { PlainError } from './cli/errors.ts';
import { printTable } from './cli/printTable.ts';
import type { Command } from './commandLine.ts';
import type { Operator } from './operator.ts';

/** As in `functions/main.ts`. The host makes the second name of the first one. */
const QUEUES = ['run-parts', 'run-parts-poison'] as const;
/** The most that the service shows without taking them. */
const SHOWN = 32;

/** What is known of one of the queues. */
export type QueueState = {
  queue: string;
  /** Those that are being worked on included. It is approximate. */
  messages: number;
  /** The oldest ones that anybody could take now. They hold nothing of any user. */
  first: { insertedOn: Date; tries: number; text: string }[];
};

/**
 * Reads the queue of the parts of runs, and the one of those that failed five times. A queue that does not exist is empty: no run
 * was split yet.
 * @param credential what the storage account is asked with, if the settings have no connection string
 * @throws {PlainError} the settings name no queue, or it cannot be read.
 */
export async function readQueues(
  settings: Readonly<Record<string, string | undefined>>,
  credential: StoreCredential | undefined,
): Promise<QueueState[]> {
  const { TokenStore: connectionString, TokenStore__queueServiceUri: uri } = settings;
  if (!connectionString && (!uri || credential === undefined)) {
    throw new PlainError(
      'Set TokenStore__queueServiceUri to the address of the queue service, and sign in with az login.',
    );
  }
  const service =
    connectionString || credential === undefined
      ? QueueServiceClient.fromConnectionString(connectionString ?? '')
      : new QueueServiceClient(uri ?? '', {
          getToken: async (scopes) => {
            const { token, expiresOnTimestamp } = await credential.getToken(scopes);
            return { token, expiresOnTimestamp };
          },
        });
  return Promise.all(QUEUES.map((name) => readQueue(service, name)));
}

async function readQueue(service: QueueServiceClient, name: string): Promise<QueueState> {
  const client = service.getQueueClient(name);
  try {
    const { approximateMessagesCount: messages = 0 } = await client.getProperties();
    const { peekedMessageItems } = await client.peekMessages({ numberOfMessages: SHOWN });
    const first = peekedMessageItems.map(({ insertedOn, dequeueCount, messageText }) => ({
      insertedOn,
      tries: dequeueCount,
      text: textOf(messageText),
    }));
    return { queue: name, messages, first };
  } catch (error) {
    const { statusCode, code } = error as { statusCode?: unknown; code?: unknown };
    if (statusCode === 404) return { queue: name, messages: 0, first: [] };
    // The message of the SDK may hold an address and a token.
    const remedy =
      statusCode === 401 || statusCode === 403
        ? 'It takes the role Storage Queue Data Contributor, or Reader, on the storage account.'
        : 'Ask again later.';
    throw new PlainError(
      `The queue ${name} cannot be read (${String(code ?? statusCode ?? 'no answer')}). ${remedy}`,
    );
  }
}

/** A message that somebody else has sent may not be base64. It is shown as it is. */
function textOf(messageText: string): string {
  const bytes = Buffer.from(messageText, 'base64');
  return bytes.toString('base64') === messageText ? bytes.toString() : messageText;
}

/** `queue` @returns 1 if parts have failed for good */
export async function showQueue(
  { print, tell }: Pick<Operator, 'print' | 'tell'>,
  { json }: Extract<Command, { verb: 'queue' }>,
  queues: readonly QueueState[],
): Promise<number> {
  if (json) for (const one of queues) await print(JSON.stringify(one));
  else {
    const rows = queues.map(({ queue, messages, first }) => [
      queue,
      String(messages),
      first[0]?.insertedOn.toISOString() ?? '',
    ]);
    await printTable(['queue', 'messages', 'oldest'], rows, print);
  }
  const hasFailed = queues.some(({ queue, messages }) => queue === QUEUES[1] && messages > 0);
  if (hasFailed) {
    tell('Parts of runs failed five times each. docs/runbook.md, "Parts that fail", says what to do.');
  }
  return hasFailed ? 1 : 0;
}
