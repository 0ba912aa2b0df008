import { DAY, HOUR } from './durations.ts';
import type { Action } from './history.ts';
import { type Outcome, outcomeOf, quieten, START } from './simulate.ts';
import { replaceDate } from './simulatedDate.ts';
import { createStage, type Stage } from './stage.ts';
import { createWishes, takeAction, type Wishes } from './takeAction.ts';
import { randomFrom } from './world.ts';
import type { YearsHistory } from './yearsHistory.ts';

const SECOND = 1_000;
const MINUTE = 60_000;
/** The most steps of a user in a day, over a long time: a check needs about ten. */
const STEPS_A_DAY = 5_000;
const PROCESSES = 2;
/** A disconnection that would last so long is for ever. */
const FOR_EVER_HOURS = 30;
const MOST_TURNS = 10_000;

type Event = { at: number; act: () => Promise<void> };

/**
 * Runs a long history. Between two events the time jumps to the next minute in which an account is due, or to the next hour:
 * a run in which nothing is due does nothing but go on with the audit.
 */
export async function simulateYears(history: YearsHistory, { tells = false } = {}): Promise<Outcome> {
  const {
    days,
    habits,
    rules,
    notes,
    quietOn,
    connect,
    receiver,
    seldom,
    links,
    together,
    oneFaultIn,
    seed,
  } = history;
  const chance = randomFrom(seed);
  let isQuiet = false;
  const stage = createStage({
    startAt: START,
    seed,
    tells,
    users: habits.length,
    rules,
    everyRun: false,
    notes,
    // A check comes about once a day.
    notesEveryMs: 36 * HOUR,
    checksAtOnce: 16,
    connect,
    receiver,
    seldom,
    links,
    together,
    mostSteps: STEPS_A_DAY * days,
    atOnce: () =>
      !isQuiet && oneFaultIn > 0 && chance() * oneFaultIn < 1 ? 1 + Math.floor(chance() * 5) : 0,
  });
  const { world } = stage;
  const wishes = createWishes();
  const putBack = replaceDate(world.seenNow);
  try {
    for (let index = 0; index < PROCESSES; index += 1) stage.start(index, ['k1'], 0);
    const events = eventsOf(stage, wishes, history);
    const end = START.getTime() + days * DAY;
    let runs = 0;
    let nextHour = START.getTime() + HOUR;
    while (world.now() < end && world.violation() === undefined) {
      const due = Math.min(nextHour, nextDue(stage), events[0]?.at ?? end);
      await world.pass(Math.max(0, due - world.now()));
      const event = events[0];
      if (event !== undefined && event.at <= world.now()) {
        events.shift();
        await event.act();
        await settleDown(stage);
        continue;
      }
      if (nextHour <= world.now()) nextHour += HOUR;
      runs += 1;
      await takeAction(stage, wishes, { do: 'run', process: runs % PROCESSES, pausesAfter: 0 });
      await settleDown(stage);
      await world.pass(MINUTE);
    }
    isQuiet = true;
    world.tell(() => '-- quiet from here on');
    if (world.violation() === undefined) await quieten(stage, wishes, quietOn);
  } finally {
    putBack();
  }
  return outcomeOf(stage, habits.length);
}

/**
 * The second after the next account is due. A process whose clock is wrong knows the time by the last answer of the table, so at
 * the very moment it would always be a little early, and only the other process would ever check anybody.
 */
function nextDue({ people, invariants, world }: Stage): number {
  const due = Math.min(...people.map((person) => invariants.dueAt(person) ?? Number.POSITIVE_INFINITY));
  return Math.max(due + SECOND, world.now());
}

/** Lets everything end that has begun. */
async function settleDown({ operations, world }: Stage): Promise<void> {
  for (let turn = 0; !operations.isIdle() && world.violation() === undefined; turn += 1) {
    if (turn > MOST_TURNS || !world.hasTimer())
      return world.violated('an operation waits for nothing, for ever');
    await world.fireNextTimer();
  }
}

/** Everything that happens, in order: visits by habit, and what else the history has. */
function eventsOf(
  stage: Stage,
  wishes: Wishes,
  { days, habits, happenings, notes, connect, links }: YearsHistory,
): Event[] {
  const events: Event[] = [];
  const start = START.getTime();
  const at = (when: number, ...actions: Action[]) => {
    for (const action of actions) events.push({ at: when, act: () => takeAction(stage, wishes, action) });
  };
  for (const [user, { joinsOnDay, awayForHours, forDays }] of habits.entries()) {
    const first = start + joinsOnDay * DAY + user * MINUTE;
    const last = Math.min(first + forDays * DAY, start + days * DAY);
    if (connect === 'ask') at(first, { do: 'reconnect', user, process: user % PROCESSES, pausesAfter: 0 });
    // Some users link after their first visit.
    if (links && user % 3 !== 2)
      at(first + 2 * HOUR, { do: 'link', user, process: user % PROCESSES, pausesAfter: 0, how: 'well' });
    for (let when = first; when <= last; when += awayForHours * HOUR) {
      // Every third visit needs the other API.
      const api = notes && Math.round((when - first) / HOUR / awayForHours) % 3 === 2 ? 'notes' : 'graph';
      at(when, { do: 'visit', api, user, process: user % PROCESSES, fresh: true, pausesAfter: 0 });
    }
  }
  for (const { atHour, action, forHours } of happenings) {
    const when = start + atHour * HOUR;
    at(when, action);
    const after = when + forHours * HOUR;
    if (action.do === 'skew') at(after, { ...action, ms: 0 });
    if (action.do === 'withdraw-consent' || action.do === 'narrow-consent' || action.do === 'policy')
      at(after, { do: 'consent', user: action.user });
    if (action.do === 'lose-keys') at(after, { ...action, do: 'find-keys' });
    if (action.do === 'disconnect' && forHours < FOR_EVER_HOURS) at(after, { ...action, do: 'reconnect' });
    if (action.do === 'pause') at(after, { ...action, do: 'resume' });
  }
  return events.sort((one, other) => one.at - other.at);
}
