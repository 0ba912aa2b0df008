import { ACCOUNT_FAULTS } from './accountFaults.ts';
import { ADAPTER_FAULTS } from './adapterFaults.ts';
import { GUIDED_FAULTS } from './guidedFaults.ts';
import { REFUSAL_FAULTS } from './refusalFaults.ts';
import { SPLIT_FAULTS } from './splitFaults.ts';
import { TOKEN_FAULTS } from './tokenFaults.ts';
import { WISH_FAULTS } from './wishFaults.ts';
import { WORKER_FAULTS } from './workerFaults.ts';

/** A fault that the simulation must find: text of one source file, and what stands in its place. */
export type PlantedFault = {
  file: `shared/${string}`;
  /** It must occur exactly once in the file. */
  text: string;
  by: string;
  /** Part of what the simulation then says. */
  found: RegExp;
} & (
  | {
      /** Which histories find it. Default: the short ones. */
      form?: 'short-years' | 'years' | 'split';
      /** Histories from here on find it. Others find it, too. */
      seed: number;
      /** The first of them that finds it, counted from 0. */
      history: number;
    }
  /** The history of `guidedMoments.ts`, `guidedCrowds.ts` or `foundHistories.ts` that finds it, because chance would need many. */
  | { guided: string }
);

/** Faults that Stead had, or could have. Each one is planted alone. */
export const PLANTED_FAULTS: Readonly<Record<string, PlantedFault>> = {
  ...ACCOUNT_FAULTS,
  ...WORKER_FAULTS,
  ...TOKEN_FAULTS,
  ...ADAPTER_FAULTS,
  ...GUIDED_FAULTS,
  ...WISH_FAULTS,
  ...SPLIT_FAULTS,
  ...REFUSAL_FAULTS,
};
