/** How long the refresh token of each grant lives: it is kept in a file, and tried again whenever somebody runs the probe. */
import type { Clock } from '../../../shared/clock.ts';
import { classifyFailure, endsGrant, type TokenFacts } from '../../../shared/tokens/failures.ts';
import { PlainError } from '../../cli/errors.ts';
import { codeOf, refusalOf, type TokenAnswer } from './askToken.ts';
import { durationOf } from './facts.ts';
import type { LifeFile } from './lifeFile.ts';

/** One refresh token that is observed. Times are ISO 8601. */
export type Life = {
  grant: 'exchange' | 'link';
  /** `first`: the one that the grant brought, which is never replaced. `renewed`: the newest one. */
  which: 'first' | 'renewed';
  refreshToken: string;
  /** When the grant began: when its code, or that of the page, was redeemed. */
  since: string;
  /** Seconds that the answer with the first token told, if it did. */
  told: number | undefined;
  /** When it was good last. */
  goodAt: string;
  /** When it was refused first, and how. */
  refused?: { at: string; as: string };
};

/** The lives that begin with an answer of the token endpoint. */
export function livesFrom(grant: Life['grant'], since: Date, { json, at }: TokenAnswer): Life[] {
  const told = typeof json.refresh_token_expires_in === 'number' ? json.refresh_token_expires_in : undefined;
  const { refresh_token: refreshToken } = json;
  if (typeof refreshToken !== 'string') return [];
  const life = { grant, refreshToken, since: since.toISOString(), told, goodAt: at.toISOString() };
  return [
    { ...life, which: 'first' },
    { ...life, which: 'renewed' },
  ];
}

/**
 * Tries every refresh token that was not refused before, and keeps what came of it.
 * @param refresh redeems a refresh token of the API
 * @throws {PlainError} the token endpoint does not answer, or refuses something else than the token.
 */
export async function tryLives(
  lives: readonly Life[],
  file: LifeFile,
  refresh: (refreshToken: string) => Promise<TokenAnswer>,
): Promise<readonly Life[]> {
  const tried: Life[] = [];
  for (const [index, life] of lives.entries()) {
    tried.push(life.refused ? life : lifeAfter(life, await refresh(life.refreshToken)));
    // A later request may fail, and what is known must not be lost with it.
    await file.write([...tried, ...lives.slice(index + 1)]);
  }
  return tried;
}

function lifeAfter(life: Life, answer: TokenAnswer): Life {
  const at = answer.at.toISOString();
  const { status, json } = answer;
  if (status === 200) {
    const { refresh_token: newer } = json;
    const isRenewed = life.which === 'renewed' && typeof newer === 'string';
    return { ...life, goodAt: at, ...(isRenewed && { refreshToken: newer }) };
  }
  const as = refusalOf(json.error, json.suberror, codeOf(answer));
  // By the worker's own table: a throttle, a policy and a missing consent look like the end of a refresh token, and pass.
  if (!endsGrant(classifyFailure(factsOf(answer)))) {
    throw new PlainError(
      `Entra refused the refresh (${as}), which does not end the refresh token for certain. "npm run doctor" examines the credential; a policy of the tenant, a limit or a missing consent may be the reason, and pass.`,
    );
  }
  return { ...life, refused: { at, as } };
}

function factsOf(answer: TokenAnswer): TokenFacts {
  const { error, suberror, claims } = answer.json;
  const text = (value: unknown) => (typeof value === 'string' ? value : undefined);
  return {
    status: answer.status,
    error: text(error),
    errorNo: codeOf(answer),
    suberror: text(suberror),
    claims: text(claims),
  };
}

/** @returns the lines of a Markdown table */
export function tableOfLives(lives: readonly Life[], clock: Pick<Clock, 'now'>): string[] {
  const after = (since: string, at: string) => durationOf((Date.parse(at) - Date.parse(since)) / 1_000);
  const rows = lives.map(({ grant, which, since, told, goodAt, refused }) =>
    [
      grant === 'link' ? 'a link' : "an exchange of the page's token",
      which === 'first' ? 'the first one, never renewed' : 'renewed at each run',
      told === undefined ? 'nothing' : durationOf(told),
      after(since, clock.now().toISOString()),
      after(since, goodAt),
      refused === undefined ? 'not yet' : `${after(since, refused.at)}: \`${refused.as}\``,
    ].join(' | '),
  );
  return [
    '| grant | refresh token | Entra told | began before | was good after | was refused after |',
    '|---|---|---|---|---|---|',
    ...rows.map((row) => `| ${row} |`),
  ];
}
