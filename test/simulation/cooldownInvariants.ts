import type { LogEvent } from '../../shared/log.ts';
import type { Person, Presented, TokenPost } from './entraTypes.ts';
import { type Facts, timeOf } from './facts.ts';
import type { Begun, Operations } from './operations.ts';
import type { RowChange } from './tableModel.ts';
import type { ProcessLife, World } from './world.ts';

/** Every run and every part of one reads what is stored. Requests do it after 30 seconds, and no reading lasts so long. */
const READ_BY_REQUESTS_MS = 60_000;
/** No right clock has stored a longer one, and nobody obeys it. */
const LONGEST_COOLDOWN_MS = 2 * 3_600_000;
const ROUNDED_MS = 1_000;

type Row = { until: number; kind: unknown; storedAt: number };

/** What must hold of the cooldowns that are stored: whoever could have read one obeys it, whichever process stored it. */
export function createCooldownInvariants(world: World, facts: Facts, operations: Operations) {
  const { forbid } = facts;
  /** By partition and row key, as they are stored now. */
  const rows = new Map<string, Row>();
  /** When a process last failed to read them, and which ones do not know the time. */
  const notReadAt = new Map<number, number>();
  const stepped = new Set<number>();

  /** Whether the process knows what has been stored since then, as soon as the operation asks for something. */
  function knows(operation: Begun, storedAt: number): boolean {
    const { life, begunAt } = operation;
    const isWell = (from: number) =>
      facts.disturbedOf(life) < from && (notReadAt.get(life.number) ?? Number.NEGATIVE_INFINITY) < from;
    if (operation.kind === 'run' && begunAt >= storedAt) return isWell(begunAt);
    const isAlone = operations.openOf(life).every((one) => one === operation);
    const haveRead = operations.endedOf(life).filter(
      (one) =>
        one.endedAt <= begunAt &&
        // A part of a run that comes too late reads nothing.
        ((one.kind === 'run' && one.part === undefined && one.begunAt >= storedAt) ||
          (one.kind === 'visit' && isAlone && one.begunAt >= storedAt + READ_BY_REQUESTS_MS)),
    );
    return haveRead.length > 0 && isWell(storedAt);
  }

  function goesOn({ until, storedAt }: Row): boolean {
    return until > world.now() + ROUNDED_MS && until <= storedAt + LONGEST_COOLDOWN_MS;
  }

  function onAsked(
    by: ProcessLife,
    person: Person,
    correlationId: string | undefined,
    at: 'token' | 'graph',
  ): void {
    const operation = operations.withId(correlationId);
    if (operation === undefined || operation.life !== by || by.skewMs !== 0 || stepped.has(by.number)) return;
    const keys =
      at === 'token'
        ? [`tenants tenant|${person.tid}`]
        : [`cooldowns graph|${person.tid}`, 'cooldowns graph|*'];
    for (const key of keys) {
      const row = rows.get(key);
      // Only runs leave alone a tenant that has removed the application.
      const concerns = row?.kind === 'throttled' || (at === 'token' && operation.kind === 'run');
      if (row === undefined || !concerns || !goesOn(row)) continue;
      forbid(
        knows(operation, row.storedAt),
        `the ${at} was asked for ${person.name}, and a cooldown goes on that was stored before`,
      );
    }
  }

  return {
    onChange({ partition, rowKey, after }: RowChange): void {
      if (partition !== 'tenants' && partition !== 'cooldowns') return;
      const key = `${partition} ${rowKey}`;
      const until = timeOf(after?.until);
      const known = rows.get(key);
      if (after === undefined || until === undefined) rows.delete(key);
      else if (known?.until !== until || known.kind !== after.kind)
        rows.set(key, { until, kind: after.kind, storedAt: world.now() });
    },

    onLog({ number }: ProcessLife, { event }: LogEvent): void {
      if (event === 'cooldowns.not-read') notReadAt.set(number, world.now());
    },

    onClockChanged: ({ number }: ProcessLife): void => void stepped.add(number),

    onPost: ({ by, person, correlationId }: TokenPost): void => onAsked(by, person, correlationId, 'token'),

    onPresented({ by, api, token, correlationId }: Presented): void {
      if (api === 'graph' && token !== undefined) onAsked(by, token.person, correlationId, api);
    },
  };
}
