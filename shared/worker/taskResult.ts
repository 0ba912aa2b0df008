import { isRecord } from '../isRecord.ts';
import { jsonOf } from '../jsonOf.ts';
import type { TaskResult } from './defineTask.ts';
import { NOT_PLAIN } from './notPlain.ts';

const MAX_SUMMARY_LENGTH = 200;
const MAX_STATE_BYTES = 4_096;
const MEMBERS: ReadonlySet<string> = new Set<keyof TaskResult>(['summary', 'count', 'state']);

/**
 * Reads what a task returned. Anything but an object with `summary`, `count` or `state` is no result, and nothing is kept of it.
 * @param token the access token, which must not be kept
 * @returns `code`: why it cannot be kept. The task has then failed.
 */
export function readResult(value: unknown, token: string): { result: TaskResult } | { code: string } {
  if (!isRecord(value) || !Object.keys(value).some((key) => MEMBERS.has(key))) return { result: {} };
  const { summary, count, state } = value;
  const malformed = { code: 'result-malformed' };
  if (!Object.keys(value).every((key) => MEMBERS.has(key))) return malformed;
  if (summary !== undefined && typeof summary !== 'string') return malformed;
  if (count !== undefined && !(Number.isSafeInteger(count) && Number(count) >= 0)) return malformed;
  const text = jsonOf(state);
  if (text === undefined && state !== undefined) return malformed;
  if (text !== undefined && new TextEncoder().encode(text).length > MAX_STATE_BYTES) {
    return { code: 'state-too-large' };
  }
  if (`${summary} ${text}`.includes(token)) return { code: 'result-holds-token' };
  const plain = summary?.replace(NOT_PLAIN, ' ').trim();
  return {
    result: {
      ...(plain ? { summary: [...plain].slice(0, MAX_SUMMARY_LENGTH).join('') } : {}),
      ...(count === undefined ? {} : { count: Number(count) }),
      // It is read from its JSON, so that the task cannot change it afterwards.
      ...(text === undefined ? {} : { state: JSON.parse(text) as unknown }),
    },
  };
}
