import type { Refusal } from '@stead/shared/browser/refusal';
import { useEffect, useState } from 'react';
import type { Connection } from '../../../shared/wire.ts';
import { visitBefore } from '../session/visit.ts';

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
    if (found?.of === homeAccountId || (connection === undefined && trouble === undefined)) return;
    // Without an account there is no activity. Of a disconnected one it is when that was.
    const isConnected = connection !== undefined && connection.state !== 'disconnected';
    const lastActivity = isConnected ? connection.lastActivity : undefined;
    const at = trouble === undefined ? visitBefore(homeAccountId, lastActivity, Date.now()) : undefined;
    setFound({ of: homeAccountId, at });
  }, [homeAccountId, connection, trouble, found]);
  const isKnown = found?.of === homeAccountId;
  return { isKnown, at: isKnown ? found.at : undefined };
}
