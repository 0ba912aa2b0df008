import { useEffect, useState } from 'react';

/** The time, as often as asked for. Times go on by themselves; a page that shows them has to, too. */
export function useNow(everyMs: number): Date {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    const timer = setInterval(() => setNow(new Date()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
