import type { Account, OpenGraph, UserToken } from '../../shared/ports.ts';

export type RunTasksDeps = { tasks: readonly unknown[]; openGraph: OpenGraph };

export async function runTasks(
  _deps: RunTasksDeps,
  _account: Account,
  _token: UserToken,
  _signal: AbortSignal,
): Promise<{ done: number; failed: number }> {
  return { done: 0, failed: 0 };
}
