import type { State } from './check.ts';
import type { Found } from './examine.ts';

const STATE_WIDTH = 'unreachable'.length;
const CHECK_WIDTH = 'credential expiry'.length;

/** One line for a terminal. */
export function textOf({ state, check, says, remedy, command }: Found): string {
  const parts = [says, remedy, command && `Run: ${command}`].filter((part) => part !== undefined);
  return `${state.padEnd(STATE_WIDTH)}  ${check.padEnd(CHECK_WIDTH)}  ${parts.join(' ')}`;
}

/** One line of JSON. */
export const jsonOf = ({ check, state, says, remedy, command }: Found): string =>
  JSON.stringify({ check, state, says, remedy, command });

/** True for what ends the command with 1. Nobody knows what is wrong with what cannot be reached. */
export const isBad = (state: State): boolean => state === 'wrong' || state === 'unreachable';
