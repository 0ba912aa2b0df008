import type { PlantedFault } from './plantedFaults.ts';

/** Faults that a guided history finds. Chance meets the moment of each of them too seldom. */
export const GUIDED_FAULTS: Readonly<Record<string, PlantedFault>> = {
  'take-back of the worker skipped': {
    file: 'shared/worker/refreshUser.ts',
    text: 'if (written !== undefined && hasEnded(leased, account)) await takeBack(app, userId, written);',
    by: '',
    guided: 'a process dies with a disconnection, and a check has stored a cache after it',
    found: /was not taken back/,
  },
  'cache deleted as it is, not as it was read': {
    file: 'shared/account/endAccount.ts',
    text: 'if (await takeBack(services, userId, stored.etag, signal)) return true;',
    by: 'const late = await services.tokenCache.read(userId, signal);\n    if (await takeBack(services, userId, late?.etag ?? stored.etag, signal)) return true;',
    guided: 'a user comes back before their cache is deleted',
    found: /living connection/,
  },
  'visit dated by a wrong clock': {
    file: 'shared/account/visit.ts',
    text: '? visited(known, caller, withLaterLink(dated, begun, known), nowByStore(services), schedule, telling)',
    by: '? visited(known, caller, withLaterLink(dated, begun, known), services.clock.now(), schedule, telling)',
    guided: 'a user visits a machine whose clock is 100 days behind',
    found: /was dated/,
  },
  'one exchange shared by two APIs': {
    file: 'shared/tokens/assertionMemo.ts',
    text: 'const exchangeOf = ({ resource }: Api): string => `exchange $'.concat('{resource}`;'),
    by: 'const exchangeOf = ({ resource }: Api): string => `exchange $'.concat('{resource.slice(0, 0)}`;'),
    guided: 'a user visits for two APIs at the same time',
    found: /was sent a token/,
  },
  'release of a lease stopped with its run': {
    file: 'shared/worker/settle.ts',
    text: "(now) => (isHeld(run, now) ? released(now) : 'keep'),\n      { known: account },",
    by: "(now) => (isHeld(run, now) ? released(now) : 'keep'),\n      { known: account, signal: run.operation.signal },",
    guided: 'the host shuts down while a check waits for the token endpoint',
    found: /still leased/,
  },
};
