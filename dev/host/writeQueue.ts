import type { Binding, OutputData } from './coreTypes.ts';
import type { QueueSettings } from './hostJson.ts';
import { connectionOf } from './planFunctions.ts';
import { inQueue, queueClient } from './queueClient.ts';
import { resolveSettings } from './settings.ts';

/**
 * Sends what a function gives to a queue output: one message, or one for each element of an array. They are sent one after the
 * other, so an error leaves some of them sent, as in Azure.
 */
export const createWriteQueue =
  ({ messageEncoding }: Pick<QueueSettings, 'messageEncoding'>, env: NodeJS.ProcessEnv) =>
  async (binding: Binding, data: OutputData): Promise<void> => {
    const queue = queueClient(connectionOf(binding, env), resolveSettings(String(binding.queueName), env));
    for (const text of messagesIn(data)) {
      const sent = messageEncoding === 'base64' ? Buffer.from(text).toString('base64') : text;
      await inQueue(queue, () => queue.sendMessage(sent));
    }
  };

function messagesIn({ string, json, bytes, int, double }: OutputData): string[] {
  if (string !== undefined) return [string];
  if (bytes !== undefined) return [Buffer.from(bytes).toString()];
  const value: unknown = json === undefined ? (int ?? double) : JSON.parse(json);
  const values = Array.isArray(value) ? value : [value];
  return values.map((one) => (typeof one === 'string' ? one : JSON.stringify(one)));
}
