import { QueueClient } from '@azure/storage-queue';

/** @param connectionString of Azurite, or of an account with a key */
export const queueClient = (connectionString: string, name: string): QueueClient =>
  new QueueClient(connectionString, name, { retryOptions: { maxTries: 3, retryDelayInMs: 200 } });

/** Runs a call. If the queue does not exist, makes it and runs the call again, as the extension does. */
export async function inQueue<T>(queue: QueueClient, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if ((error as { statusCode?: unknown }).statusCode !== 404) throw error;
    await queue.createIfNotExists();
    return call();
  }
}
