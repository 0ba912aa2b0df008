import path from 'node:path';
import { PlainError } from '../../ops/cli/errors.ts';
import { readJsonObject } from '../../ops/cli/jsonFile.ts';

export type HostJson = {
  /** What every route begins with; default `api`. */
  routePrefix: string;
  /** The lowest level that is logged; default `Information`. */
  logLevel: string;
  queues: QueueSettings;
};

/** `extensions.queues`, with the defaults of the extension bundle. */
export type QueueSettings = {
  /** How many messages a function takes at once. */
  batchSize: number;
  /** It takes more as soon as so many are left. */
  newBatchThreshold: number;
  /** After so many failed tries a message goes to the poison queue. */
  maxDequeueCount: number;
  /** How long a message is invisible after a failed try. */
  visibilityTimeoutMs: number;
  /** The longest pause between two questions for messages. */
  maxPollingIntervalMs: number;
  messageEncoding: 'base64' | 'none';
};

/**
 * Reads `extensions.http.routePrefix`, `extensions.queues` and `logging.logLevel.default` of host.json; the rest is for Azure.
 * @throws PlainError when the file is missing or malformed.
 */
export async function readHostJson(root: string): Promise<HostJson> {
  const file = path.join(root, 'host.json');
  const hostJson = await readJsonObject(file);
  if (!hostJson) throw new PlainError(`${file} is missing. Is ${root} the folder of a function app?`);
  const at = (keys: string[]) =>
    keys.reduce<unknown>((inner, key) => (inner as Record<string, unknown> | undefined)?.[key], hostJson);
  const string = (keys: string[], fallback: string) => {
    const value = at(keys);
    if (value !== undefined && typeof value !== 'string')
      throw new PlainError(`${file}: "${keys.join('.')}" must be a string.`);
    return value ?? fallback;
  };
  const queue = (key: string) => ['extensions', 'queues', key];
  const whole = (keys: string[], least: number, most: number, fallback: number) => {
    const value = at(keys) ?? fallback;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most)
      throw new PlainError(`${file}: "${keys.join('.')}" must be a whole number from ${least} to ${most}.`);
    return value;
  };
  const duration = (keys: string[], fallback: string) => {
    const [, hours, minutes, seconds] = /^(\d{2}):(\d{2}):(\d{2})$/.exec(string(keys, fallback)) ?? [];
    if (seconds === undefined) throw new PlainError(`${file}: "${keys.join('.')}" must be hh:mm:ss.`);
    return ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1_000;
  };
  const batchSize = whole(queue('batchSize'), 1, 32, 16);
  const messageEncoding = string(queue('messageEncoding'), 'base64');
  if (messageEncoding !== 'base64' && messageEncoding !== 'none')
    throw new PlainError(`${file}: "extensions.queues.messageEncoding" must be base64 or none.`);
  return {
    queues: {
      batchSize,
      newBatchThreshold: whole(queue('newBatchThreshold'), 0, 1_000, Math.floor(batchSize / 2)),
      maxDequeueCount: whole(queue('maxDequeueCount'), 1, 1_000, 5),
      visibilityTimeoutMs: duration(queue('visibilityTimeout'), '00:00:00'),
      maxPollingIntervalMs: duration(queue('maxPollingInterval'), '00:01:00'),
      messageEncoding,
    },
    routePrefix: string(['extensions', 'http', 'routePrefix'], 'api'),
    logLevel: string(['logging', 'logLevel', 'default'], 'Information'),
  };
}
