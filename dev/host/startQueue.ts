import { setTimeout as delay } from 'node:timers/promises';
import type { DequeuedMessageItem } from '@azure/storage-queue';
import type { TriggerMetadata } from './coreTypes.ts';
import type { QueueSettings } from './hostJson.ts';
import { writeLog } from './hostLog.ts';
import { invoke } from './invoke.ts';
import type { QueuePlan } from './planFunctions.ts';
import { inQueue, queueClient } from './queueClient.ts';

export type RunningQueue = {
  /** Takes no further message. The functions that run end by themselves. */
  stop(): void;
};

/** How long a message is invisible to others while its function runs. It is renewed at half of that. */
const LEASE_S = 600;
const FIRST_PAUSE_MS = 100;

/**
 * Runs a queue function for each message of its queue. Several hosts may take from one queue.
 * Source: QueueServiceClientProvider, QueueListener, QueueProcessor and RandomizedExponentialBackoffStrategy in azure-sdk-for-net
 * (Microsoft.Azure.WebJobs.Extensions.Storage.Queues).
 */
export function startQueue(
  { fn, queueName, connectionString }: QueuePlan,
  settings: QueueSettings,
): RunningQueue {
  const { batchSize, newBatchThreshold, maxDequeueCount, maxPollingIntervalMs } = settings;
  const queue = queueClient(connectionString, queueName);
  const poison = queueClient(connectionString, `${queueName}-poison`);
  const stopping = new AbortController();
  const running = new Set<Promise<void>>();

  /** @returns undefined if the text is not base64, although it has to be */
  function textOf({ messageText }: DequeuedMessageItem): string | undefined {
    if (settings.messageEncoding !== 'base64') return messageText;
    return isBase64(messageText) ? Buffer.from(messageText, 'base64').toString() : undefined;
  }

  async function moveToPoison(message: DequeuedMessageItem, popReceipt: string): Promise<void> {
    writeLog(
      'warning',
      fn.name,
      `Message has reached MaxDequeueCount of ${maxDequeueCount}. Moving message to queue '${poison.name}'.`,
    );
    await inQueue(poison, () => poison.sendMessage(message.messageText));
    await queue.deleteMessage(message.messageId, popReceipt);
  }

  async function handle(message: DequeuedMessageItem): Promise<void> {
    const { messageId, dequeueCount } = message;
    let { popReceipt } = message;
    const text = textOf(message);
    if (text === undefined) {
      // No function sees it. The SDK of the extension decodes a message before anything counts its tries.
      const hint = 'Check MessageEncoding settings.';
      writeLog('warning', fn.name, `Message decoding has failed! ${hint} MessageId=${messageId}.`);
      return moveToPoison(message, popReceipt);
    }
    if (dequeueCount > maxDequeueCount) return moveToPoison(message, popReceipt);
    const renewing = setInterval(
      () => {
        queue.updateMessage(messageId, popReceipt, undefined, LEASE_S).then(
          (renewed) => {
            popReceipt = renewed.popReceipt ?? popReceipt;
          },
          (error) => writeLog('warning', fn.name, `A message was not renewed: ${error}`),
        );
      },
      (LEASE_S / 2) * 1_000,
    );
    try {
      const hasSucceeded = await invoke(fn, { string: text }, metadataOf(message, text)).then(
        () => true,
        // The log already has the failure.
        () => false,
      );
      // If one of these fails, the message is seen again when its lease ends. It is no try that failed.
      if (hasSucceeded) await queue.deleteMessage(messageId, popReceipt);
      else if (dequeueCount >= maxDequeueCount) await moveToPoison(message, popReceipt);
      else {
        const invisibleS = Math.round(settings.visibilityTimeoutMs / 1_000);
        await queue.updateMessage(messageId, popReceipt, undefined, invisibleS);
      }
    } finally {
      clearInterval(renewing);
    }
  }

  async function take(): Promise<number> {
    const { receivedMessageItems } = await inQueue(queue, () =>
      queue.receiveMessages({ numberOfMessages: batchSize, visibilityTimeout: LEASE_S }),
    );
    for (const message of receivedMessageItems) {
      const handled: Promise<void> = handle(message)
        .catch((error) => writeLog('error', fn.name, `A message was not handled: ${error}`))
        .finally(() => running.delete(handled));
      running.add(handled);
    }
    return receivedMessageItems.length;
  }

  async function listen(): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS;
    while (!stopping.signal.aborted) {
      while (running.size > newBatchThreshold) await Promise.race(running);
      if (stopping.signal.aborted) return;
      const taken = await take().catch((error) => {
        writeLog('error', fn.name, `The queue ${queueName} could not be read: ${error}`);
        return 0;
      });
      pauseMs =
        taken > 0 ? FIRST_PAUSE_MS : Math.min(2 * pauseMs, Math.max(FIRST_PAUSE_MS, maxPollingIntervalMs));
      if (taken === 0) await delay(pauseMs, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  }
  void listen();

  return { stop: () => stopping.abort() };
}

/** Like .NET's `Convert.FromBase64String`, which takes white space, and nothing else that is not of the alphabet. */
const isBase64 = (text: string): boolean =>
  /^(?:[a-z\d+/]{4})*(?:[a-z\d+/]{2}==|[a-z\d+/]{3}=)?$/i.test(text.replace(/[ \t\r\n]/g, ''));

/** What the library gives to a queue function as `context.triggerMetadata`. */
function metadataOf(message: DequeuedMessageItem, text: string): TriggerMetadata {
  const { messageId, popReceipt, dequeueCount, expiresOn, insertedOn, nextVisibleOn } = message;
  const json = (value: unknown) => ({ json: JSON.stringify(value) });
  return {
    QueueTrigger: { string: text },
    Id: { string: messageId },
    PopReceipt: { string: popReceipt },
    DequeueCount: json(dequeueCount),
    ExpirationTime: json(expiresOn),
    InsertionTime: json(insertedOn),
    NextVisibleTime: json(nextVisibleOn),
  };
}
