import { type History, interleaving } from './history.ts';
import type { Form } from './search.ts';
import { simulate } from './simulate.ts';
import { simulateYears } from './simulateYears.ts';
import { type YearsHistory, years } from './yearsHistory.ts';

/** Few users and processes, a short time, any order. */
export const INTERLEAVINGS: Form<History> = { history: interleaving, run: simulate };
/** Many users and a long time, in order. */
export const YEARS: Form<YearsHistory> = { history: years, run: simulateYears };

export const FORMS = { interleavings: INTERLEAVINGS, years: YEARS };
