import { type Line, ok, warn, wrong } from './check.ts';

const DAY_MS = 86_400_000;
const WARN_MS = 30 * DAY_MS;

/** What is said of a credential that ends. It is a warning in its last 30 days. */
export function lineOfEnd(what: string, endsAt: Date, now: Date, command: string): Line {
  const day = endsAt.toISOString().slice(0, 10);
  const leftMs = endsAt.getTime() - now.getTime();
  if (leftMs <= 0) return wrong(`${what} expired on ${day}.`, { command });
  if (leftMs > WARN_MS) return ok(`${what} is valid until ${day}.`);
  return warn(`${what} expires on ${day}, in ${Math.floor(leftMs / DAY_MS)} days.`, {
    remedy: 'Add another one to the registration, change the setting, and remove the old one after a run.',
    command,
  });
}
