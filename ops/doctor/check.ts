import type { Deployment } from './deployment.ts';

/**
 * `wrong`: somebody must mend it. `warn`: it works, and will not for ever. `unreachable`: an outage, or no network, so nobody
 * knows. `skipped`: it cannot be checked from here, or was not asked for.
 */
export type State = 'ok' | 'warn' | 'wrong' | 'unreachable' | 'skipped';

/** One line of the result. It has no secret, no token, and no name of a person. */
export type Line = {
  state: State;
  /** What was found, in whole sentences. */
  says: string;
  /** What to do about it, or how to have it checked, in whole sentences. */
  remedy?: string;
  /** The command that mends it, or has it checked. */
  command?: string;
};

/** Examines one thing. `run` rejects only because of a bug. */
export type Check = { name: string; run: (deployment: Deployment) => Promise<Line[]> };

type Advice = { remedy?: string | undefined; command?: string | undefined };
/** Whoever reads that something is wrong, or cannot be reached, reads also what to do. */
type Instruction =
  | { remedy: string; command?: string | undefined }
  | { remedy?: string | undefined; command: string };

const line = (state: State, says: string, { remedy, command }: Advice = {}): Line => ({
  state,
  says,
  ...(remedy !== undefined && { remedy }),
  ...(command !== undefined && { command }),
});

export const ok = (says: string): Line => line('ok', says);
export const warn = (says: string, advice?: Advice): Line => line('warn', says, advice);
export const wrong = (says: string, advice: Instruction): Line => line('wrong', says, advice);
export const unreachable = (says: string, advice: Instruction): Line => line('unreachable', says, advice);
export const skipped = (says: string, advice?: Advice): Line => line('skipped', says, advice);

/** The line of a check that needs settings which are wrong. */
export const withoutSettings = (what: string): Line =>
  skipped(`The settings of ${what} are wrong.`, { remedy: 'Correct them first.' });
