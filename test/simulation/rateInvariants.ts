import type { TokenPost } from './entraTypes.ts';
import type { Facts } from './facts.ts';
import type { Operations } from './operations.ts';
import type { World } from './world.ts';

/** Times are fractions of a millisecond here, and whole ones there. */
const ROUNDED_MS = 1;

/**
 * What must hold of how fast runs ask for tokens. A part of a run keeps to its share, so all parts of a run keep to the rate of a
 * whole run. A part that comes twice counts twice: the two know nothing of one another.
 */
export function createRateInvariants(
  world: World,
  { tokenRequestsPerSecond, forbid }: Facts,
  operations: Operations,
) {
  /** By operation and tenant: how many requests it has sent. */
  const sent = new Map<string, number>();

  return {
    onPost({ person, grant, correlationId }: TokenPost): void {
      if (tokenRequestsPerSecond === 0 || grant !== 'refresh') return;
      const operation = operations.withId(correlationId);
      if (operation?.kind !== 'run') return;
      const { share = 1, place = 0 } = operation.part ?? {};
      const everyMs = (1_000 * share) / tokenRequestsPerSecond;
      const key = `${operation.correlationId} ${person.tid}`;
      const before = sent.get(key) ?? 0;
      sent.set(key, before + 1);
      forbid(
        world.now() < operation.begunAt + (place + before) * everyMs - ROUNDED_MS,
        `${share > 1 ? 'a part of a run' : 'a run'} asked for a token of ${person.name} before the turn of their tenant`,
      );
    },
  };
}
