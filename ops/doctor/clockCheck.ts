import { MAX_CLOCK_DIFFERENCE_MS } from '../../shared/account/clocksDiffer.ts';
import { NOBODY } from '../../shared/userId.ts';
import { type Check, type Line, ok, skipped, warn, wrong } from './check.ts';
import { metadataUrl } from './tenantCheck.ts';

const WARN_MS = 60_000;

/** This machine's clock beside those of Entra and of storage. */
export const clockCheck: Check = {
  name: 'clock',
  async run({ config, isUsable, ask, stead, storageSignIn }) {
    const { authority, tenantId } = config.entra;
    const entra = isUsable('tenant') ? await ask(metadataUrl(authority, tenantId)) : undefined;
    const isAsked = isUsable('storage') && (await storageSignIn()) === undefined;
    // Whether storage answers, and what, is another check's business. Its clock is in every answer.
    if (isAsked) await stead.services.accounts.read(NOBODY).catch(() => undefined);
    const ahead = {
      Entra: entra !== undefined && 'aheadMs' in entra ? entra.aheadMs : undefined,
      storage: isAsked ? stead.services.accounts.clockAheadMs?.() : undefined,
    };
    const known = Object.entries(ahead).filter((one): one is [string, number] => one[1] !== undefined);
    if (known.length === 0)
      return [
        skipped('Neither Entra nor storage tells its time.', {
          remedy: 'Correct the lines about them first.',
        }),
      ];
    const lines = known.flatMap(([whose, aheadMs]) => lineOf(whose, aheadMs));
    return lines.length > 0
      ? lines
      : [ok(`This machine agrees with ${known.map(([whose]) => whose).join(' and ')}.`)];
  },
};

function lineOf(whose: string, aheadMs: number): Line[] {
  const offMs = Math.abs(aheadMs);
  if (offMs <= WARN_MS) return [];
  const says = `This machine's clock is ${Math.round(offMs / 1_000)} s ${aheadMs > 0 ? 'behind' : 'ahead of'} that of ${whose}.`;
  // From here on nothing is retired or erased, and Entra refuses assertions.
  if (offMs <= MAX_CLOCK_DIFFERENCE_MS) return [warn(says, { command: SET_CLOCK })];
  return [wrong(says, { remedy: 'Access tokens and certificates are refused.', command: SET_CLOCK })];
}

const SET_CLOCK =
  {
    win32: 'w32tm /resync',
    darwin: 'sudo sntp -sS time.apple.com',
  }[String(process.platform)] ?? 'sudo timedatectl set-ntp true';
