import type { Refusal } from '@stead/shared/browser/refusal';
import { useEffect, useState } from 'react';
import type { Connection } from '../../../shared/wire.ts';
import { beginVisit, visitBefore } from '../session/visit.ts';

const ENDED: readonly Connection['state'][] = ['disconnected', 'not-connected', 'none'];

type Visit = {
  /** True once it is known when the person was here last, or that nobody can say. From then on the page may visit. */
  isKnown: boolean;
  /** When they were here before this visit: ISO 8601; undefined if they were not, or if nobody can say. */
  at: string | undefined;
};

/** Keeps when the person was here last, because the service forgets it with this visit. */
export function useVisitBefore(
  homeAccountId: string,
  connection: Connection | undefined,
  trouble: Refusal | undefined,
): Visit {
  const [found, setFound] = useState<{ of: string; at: string | undefined }>();
  useEffect(() => {
    // Whoever stopped it begins anew, and so does a person who was never here. A stopped one has the time of the stop.
    if (connection !== undefined && ENDED.includes(connection.state)) {
      if (found?.of === homeAccountId && found.at === undefined) return;
      beginVisit(homeAccountId, undefined, Date.now());
      setFound({ of: homeAccountId, at: undefined });
      return;
    }
    if (found?.of === homeAccountId || (connection === undefined && trouble === undefined)) return;
    const at = connection && visitBefore(homeAccountId, connection.lastActivity, Date.now());
    setFound({ of: homeAccountId, at });
  }, [homeAccountId, connection, trouble, found]);
  const isKnown = found?.of === homeAccountId;
  return { isKnown, at: isKnown ? found.at : undefined };
}
