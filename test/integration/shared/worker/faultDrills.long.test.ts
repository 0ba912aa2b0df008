/** Every row of the failure table that an answer can bring about, through the real msal-node. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Entra, startEntra } from '../../../../dev/entra/startEntra.ts';
import type { AccountState } from '../../../../shared/account/account.ts';
import type { FailureKind } from '../../../../shared/errors.ts';
import { createLocalApp, type LocalApp } from '../../../../shared/testing/localApp.ts';
import { FAILURES } from '../../../../shared/tokens/failures.ts';
import { accountOf } from '../../../support/accountOf.ts';
import { control, journal, SPA_ORIGIN } from '../../../support/entraClients.ts';
import { readCache } from '../../../support/userTokens.ts';

const MINUTE = 60_000;
/** To MSAL, such a token has expired when it is issued. */
const EXPIRED_AT_ONCE = 299;
const CLAIMS = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}';

type Drill = {
  row: string;
  what: string;
  fault: Record<string, unknown>;
  kind: FailureKind;
  code: string;
  state: AccountState;
};

const refusal = (
  row: string,
  error: string,
  errorNo: number | undefined,
  more: Record<string, unknown> = {},
): Drill => {
  const found = FAILURES.find(({ name }) => name === row);
  // Not yet: it may pass.
  const kind = row === 'bare refusal' ? 'tenant' : (found?.kind ?? 'transient');
  return {
    row,
    what: errorNo === undefined ? error : `${error} ${errorNo}`,
    fault: { kind: 'error', error, ...(errorNo === undefined ? {} : { errorNo }), ...more },
    kind,
    code: errorNo === undefined ? error : `AADSTS${errorNo}`,
    state: kind === 'needs-user' || kind === 'consent' ? 'needs-user' : 'active',
  };
};
const outage = (what: string, fault: Record<string, unknown>, code: string): Drill => ({
  row: 'outage',
  what,
  fault,
  kind: 'transient',
  code,
  state: 'active',
});

const DRILLS: Drill[] = [
  refusal('loop detected', 'invalid_grant', 50196),
  {
    row: 'too many requests',
    what: '429',
    fault: { kind: 'throttled', retryAfter: 60 },
    kind: 'throttled',
    code: 'AADSTS90055',
    state: 'active',
  },
  outage('503 as JSON', { kind: 'server-error' }, 'AADSTS90033'),
  outage('503 as a page', { kind: 'html' }, 'http_503_not_json'),
  outage('502 as a page', { kind: 'html', status: 502 }, 'http_502_not_json'),
  outage('200 as a page', { kind: 'html', status: 200 }, 'http_200_not_json'),
  outage('a server that says nothing', { kind: 'hang' }, 'TimeoutError'),
  outage('a connection that is reset twice', { kind: 'reset' }, 'UND_ERR_SOCKET'),
  refusal('outage', 'request_timeout', 90014, { status: 408 }),
  refusal('outage', 'temporarily_unavailable', 90033),
  refusal('outage', 'server_error', 90033),
  ...(FAILURES.find(({ name }) => name === 'own credential')?.numbers ?? []).map((number) =>
    refusal('own credential', 'invalid_client', number, { status: 401 }),
  ),
  ...(FAILURES.find(({ name }) => name === 'application refused')?.numbers ?? []).map((number) =>
    refusal('application refused', 'unauthorized_client', number),
  ),
  refusal('application refused', 'invalid_client', 650052, { status: 401 }),
  refusal('client refused', 'invalid_client', 7_999_999, { status: 401 }),
  refusal('client refused', 'invalid_client', undefined, { status: 401 }),
  refusal('token not exchangeable', 'invalid_grant', 50013),
  refusal('challenge', 'interaction_required', 50076, { claims: CLAIMS }),
  refusal('user refusal', 'invalid_grant', 50173),
  refusal('user refusal', 'invalid_grant', undefined, { suberror: 'bad_token' }),
  refusal('consent', 'invalid_grant', 65001, { suberror: 'consent_required' }),
  refusal('consent', 'invalid_grant', undefined, { suberror: 'consent_required' }),
  refusal('consent', 'consent_required', 65001),
  refusal('user refusal', 'interaction_required', 50079),
  refusal('user refusal', 'login_required', 50058),
  refusal('bare refusal', 'invalid_grant', undefined),
  refusal('bare refusal', 'invalid_grant', 9_999_999),
  refusal('bare refusal', 'interaction_required', undefined),
  refusal('anything else', 'invalid_request', 9_002_313),
];
/** Met before anything is sent; other tests bring them about. */
const LOCAL = ['unknown key', 'newer cache', 'no cache', 'refresh token over'];

let entra: Entra;
beforeAll(async () => {
  entra = await startEntra({
    port: 0,
    spaOrigins: [SPA_ORIGIN],
    lifetimes: { accessToken: EXPIRED_AT_ONCE },
  });
});
afterEach(async () => {
  await control(entra, 'DELETE', '/fault');
  await control(entra, 'DELETE', '/requests');
});
afterAll(() => entra.close());

/** A run that meets the fault. Only a server that says nothing is waited for in vain, and only by this run. */
function sweepThrough({ kind }: Drill['fault'], app: LocalApp) {
  if (kind !== 'hang') return app.sweep();
  const { clock, tokenCache, accounts, sharedState } = app;
  const stores = { clock, tokenCache, accounts, sharedState };
  return createLocalApp(entra, { ...stores, timeouts: { tokenMs: 500 } }).sweep();
}

describe('a refresh that meets', () => {
  it.each(DRILLS)('$row: $what', async ({ row, fault, kind, code, state }) => {
    const app = createLocalApp(entra);
    const user = await app.visit('adele');
    const before = await readCache(app.tokenCache, app.sealer, user);
    app.clock.aheadMs = 2 * MINUTE;
    await control(entra, 'PUT', '/fault', fault);

    const summary = await sweepThrough(fault, app);
    const account = await accountOf(app, user);
    if (kind === 'misconfigured') {
      expect(summary).toMatchObject({ stoppedBy: 'misconfigured', released: 1, failed: {} });
      const attempts = FAILURES.find(({ name }) => name === row)?.unsure ? 1 : 0;
      expect(account).toMatchObject({ state: 'active', failure: undefined, attempts, history: [] });
      expect(app.events).toContainEqual(
        expect.objectContaining({ event: 'sweep.misconfigured', code, stops: true }),
      );
    } else {
      expect(summary).toMatchObject({ stoppedBy: 'done', failed: { [kind]: 1 } });
      expect(account).toMatchObject({
        state,
        failure: { kind, code },
        // Only a failure that may pass is counted.
        attempts: state === 'active' ? 1 : 0,
      });
      expect(account?.failure?.claims).toBe(fault.claims);
    }
    expect(account?.lease).toBeUndefined();
    expect(await readCache(app.tokenCache, app.sealer, user)).toBe(before);

    await control(entra, 'DELETE', '/fault');
    if (state === 'active') {
      app.clock.aheadMs += 70 * MINUTE;
      expect(await app.sweep()).toMatchObject({ refreshed: 1 });
    } else {
      const asked = (await journal(entra)).length;
      app.clock.aheadMs += 70 * MINUTE;
      expect(await app.sweep()).toMatchObject({ claimed: 0 });
      expect((await journal(entra)).length).toBe(asked);
      await app.visit('adele');
    }
    expect(await accountOf(app, user)).toMatchObject({ state: 'active', failure: undefined, attempts: 0 });
  });

  it('has a drill for every row', () => {
    expect([...LOCAL, ...new Set(DRILLS.map(({ row }) => row))].sort()).toEqual(
      FAILURES.map(({ name }) => name).sort(),
    );
  });
});

describe('without its AADSTS number, a refresh that meets', () => {
  beforeAll(() => control(entra, 'PUT', '/answers', { stripNumbers: true }));
  afterAll(() => control(entra, 'PUT', '/answers', { stripNumbers: false }));

  it.each(DRILLS)('$row: $what, marks nobody who would not be marked with it', async ({ fault, state }) => {
    const app = createLocalApp(entra);
    const user = await app.visit('adele');
    app.clock.aheadMs = 2 * MINUTE;
    await control(entra, 'PUT', '/fault', fault);
    const summary = await sweepThrough(fault, app);
    const after = await accountOf(app, user);
    expect(after?.failure?.code ?? '').not.toMatch(/^AADSTS/);
    if (state === 'active') expect(after?.state).toBe('active');
    if (fault.error === 'invalid_client') {
      expect(summary).toMatchObject({ stoppedBy: 'misconfigured', failed: {} });
      expect(await app.sharedState.cooling()).toEqual([]);
    }
  });
});
