import type { Failure } from '../errors.ts';
import type { Operation, Services } from '../ports.ts';
import type { Readiness } from '../wire.ts';
import { checkStorage } from './checkStorage.ts';

/** Anybody may ask, so whoever asks within this time causes nothing. */
const KEPT_MS = 60_000;
const REMEDY = 'See docs/runbook.md, "The credential".';

/** What one check found, and after how many seconds the next one may find something else. */
export type FoundReadiness = { readiness: Readiness; checkedAgainInSeconds: number };

/**
 * Asks storage and Entra whether they can be used, and storage when the last run ended, at most once in 60 s a process.
 * Requests at the same time share one check, and it is never aborted. A bad result is kept as long as a good one.
 * @returns asks; it rejects only because of a bug
 */
export function createReadiness(
  services: Pick<Services, 'accounts' | 'tokenCache' | 'sharedState' | 'tryCredential' | 'clock'>,
): (operation: Operation) => Promise<FoundReadiness> {
  const { clock } = services;
  let kept: { checked: Promise<Readiness>; until: number } | undefined;

  /** If storage cannot be reached, `checkStorage` has said so. */
  async function lastRun(): Promise<Pick<Readiness, 'lastRunSecondsAgo'>> {
    const { ended } = await services.sharedState.lastRun().catch(() => ({ ended: undefined }));
    if (ended === undefined) return {};
    return {
      lastRunSecondsAgo: Math.max(0, Math.round((clock.now().getTime() - ended.at.getTime()) / 1_000)),
    };
  }

  async function check({ log, correlationId }: Operation): Promise<Readiness> {
    const [stored, worker, failure] = await Promise.all([
      checkStorage(services, log),
      lastRun(),
      services.tryCredential({ log, correlationId }),
    ]);
    const storage = { ...stored, ...worker };
    if (failure === undefined) return { ...storage, credential: 'accepted' };
    const { code, remedy = REMEDY } = failure;
    const credential = mayPass(failure) ? 'unreachable' : 'refused';
    log(
      credential === 'refused'
        ? { event: 'credential.refused', code, remedy }
        : { event: 'credential.unreachable', code },
    );
    return { ...storage, credential, code };
  }

  return async (operation) => {
    const now = clock.elapsed();
    if (kept === undefined || now >= kept.until) {
      kept = { checked: check(operation), until: now + KEPT_MS };
    }
    const { checked, until } = kept;
    const readiness = await checked;
    return {
      readiness,
      checkedAgainInSeconds: Math.max(1, Math.ceil((until - clock.elapsed()) / 1_000)),
    };
  };
}

/** An outage, or too many requests. Everything else is a refusal: no user is concerned, so it is this application's. */
const mayPass = ({ kind }: Failure): boolean => kind === 'transient' || kind === 'throttled';
