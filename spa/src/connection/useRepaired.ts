import { useEffect, useState } from 'react';
import type { Connection } from '../../../shared/wire.ts';

/** Changes with each check, and with nothing else. */
const lastCheck = ({ checks = [], history }: Connection): string => {
  const latest = checks.at(-1);
  return `${latest?.first} ${latest?.times} ${history.at(-1)?.at}`;
};

/** What the page was told last: whether the person was needed, and which check they repaired. */
export type Repair = { wasNeeded: boolean; repaired: string | undefined };

/** What is so after the next answer. Whatever ended the need was the person, whether on this page or elsewhere. */
export function nextRepair({ wasNeeded, repaired }: Repair, connection: Connection): Repair {
  const isNeeded = connection.state === 'needs-user';
  const isOver = wasNeeded && (connection.state === 'active' || connection.state === 'pending');
  return {
    wasNeeded: isNeeded,
    repaired: isOver ? lastCheck(connection) : repaired === lastCheck(connection) ? repaired : undefined,
  };
}

type Repaired = {
  /** True from a repair until the next check: then there is something newer to tell. */
  repaired: boolean;
  noteRepair: () => void;
};

/** @param cameBackRepaired true if the person has come back from the directory, and has repaired something there */
export function useRepaired(connection: Connection | undefined, cameBackRepaired: boolean): Repaired {
  const [repair, setRepair] = useState<Repair>({ wasNeeded: cameBackRepaired, repaired: undefined });
  useEffect(() => {
    if (connection !== undefined) setRepair((before) => nextRepair(before, connection));
  }, [connection]);
  return {
    repaired: connection !== undefined && repair.repaired === lastCheck(connection),
    noteRepair: () => setRepair({ wasNeeded: true, repaired: undefined }),
  };
}
