import { type History, interleaving } from './history.ts';
import type { Form } from './search.ts';
import { simulate } from './simulate.ts';
import { simulateYears } from './simulateYears.ts';
import { SPLIT } from './splitHistories.ts';
import { type YearsHistory, yearsOf } from './yearsHistory.ts';

/** Few users and processes, a short time, any order. */
const INTERLEAVINGS: Form<History> = { history: interleaving, run: simulate };

/** Many users and a long time, in order. */
const YEARS: Form<YearsHistory> = {
  history: yearsOf({ leastDays: 100, mostDays: 400, users: 30 }),
  run: simulateYears,
};

/** The same for a few weeks, so that many of them fit into a minute. */
const SHORT_YEARS: Form<YearsHistory> = {
  history: yearsOf({ leastDays: 5, mostDays: 30, users: 6 }),
  run: simulateYears,
};

export const FORMS = { interleavings: INTERLEAVINGS, split: SPLIT, years: YEARS, 'short-years': SHORT_YEARS };
