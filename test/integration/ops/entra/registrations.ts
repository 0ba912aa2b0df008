/** The registration commands, run in this process over a directory without a network. */
import type { Wish } from '../../../../ops/entra/applicationWish.ts';
import type { Call } from '../../../../ops/entra/call.ts';
import { cleanUpApplications } from '../../../../ops/entra/cleanUpApplications.ts';
import { registerApplications } from '../../../../ops/entra/registerApplications.ts';
import { type GraphDirectory, wishOf } from '../../../support/graphDirectory.ts';

type Options = { token?: string; dryRun?: boolean; tenantId?: string };

/** Registers what is wished for. `calls` are those that were sent, or would be. */
export async function register(directory: GraphDirectory, wish: Partial<Wish> = {}, options: Options = {}) {
  const calls: Call[] = [];
  const outcome = await registerApplications({
    graph: directory.connect(options.token),
    wish: wishOf(wish),
    tenantId: options.tenantId,
    dryRun: options.dryRun ?? false,
    clock: directory.clock,
    onCall: (call) => calls.push(call),
    tell: (line) => directory.told.push(line),
  });
  return { ...outcome, calls };
}

export async function cleanUp(directory: GraphDirectory, options: { name?: string; dryRun?: boolean } = {}) {
  const calls: Call[] = [];
  const sent = await cleanUpApplications({
    graph: directory.connect(),
    name: options.name ?? 'stead',
    tenantId: undefined,
    dryRun: options.dryRun ?? false,
    clock: directory.clock,
    onCall: (call) => calls.push(call),
    tell: (line) => directory.told.push(line),
  });
  return { sent, calls };
}

/** Runs a command that dies with its change number `at`: nobody gets the answer. `isDone` says if Graph made the change. */
export async function runUntilItDies(
  directory: GraphDirectory,
  run: () => Promise<unknown>,
  at: number,
  isDone: boolean,
): Promise<void> {
  let count = 0;
  const died = new Promise<void>((resolve) => {
    directory.interfere = ({ method }, pass) => {
      if (method === 'GET') return undefined;
      count += 1;
      if (count < at) return undefined;
      return (async () => {
        if (isDone) await pass();
        resolve();
        return new Promise<Response>(() => {});
      })();
    };
  });
  await Promise.race([run(), died]);
  directory.interfere = () => undefined;
}

/** A request without its ids. */
export const requestLine = ({ method, path }: { method: string; path: string }) =>
  `${method} ${path.replaceAll(/[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}/g, '*')}`;
