import { GraphError } from '@microsoft/microsoft-graph-client';
import { describe, expect, it } from 'vitest';
import { isConnected } from '../../../../shared/account/account.ts';
import { changeAccount } from '../../../../shared/account/changeAccount.ts';
import { retireAt } from '../../../../shared/account/schedule.ts';
import { seen } from '../../../../shared/account/transitions.ts';
import { type Failure, UserTokenError } from '../../../../shared/errors.ts';
import { encodeClaims } from '../../../../shared/tokens/challenge.ts';
import { defineApi } from '../../../../shared/tokens/defineApi.ts';
import type { TaskContext } from '../../../../shared/worker/defineTask.ts';
import { ANSWER, taskOf, tasksOverTwins } from './tasksOverTwins.ts';
import { NOW, SCHEDULE, tokenOf } from './workerOverTwins.ts';

const CLAIMS = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}';
const OTHER_CLAIMS = '{"access_token":{"acrs":{"essential":true,"value":"c2"}}}';

/** What Graph's client throws. */
function graphError(statusCode: number, challenge?: string): GraphError {
  const error = new GraphError(statusCode, 'x');
  error.code = 'InvalidAuthenticationToken';
  if (challenge !== undefined) error.headers = new Headers({ 'www-authenticate': challenge });
  return error;
}
const challenged = (claims: string) =>
  graphError(401, `Bearer error="insufficient_claims", claims="${encodeClaims(claims)}"`);

/** Fails with each error, one after the other, and then succeeds. */
function failing(...errors: Error[]) {
  const tokens: string[] = [];
  const run = async ({ token, api }: TaskContext) => {
    tokens.push(token);
    const error = errors.shift();
    if (error === undefined) return;
    if (error instanceof GraphError) {
      const challenge = error.headers?.get('www-authenticate') ?? undefined;
      const headers = { [ANSWER]: JSON.stringify({ status: error.statusCode, challenge }) };
      await api.fetch('/v1.0/me', { headers });
    }
    throw error;
  };
  return { tokens, run };
}
const refusing = (failure: Failure) => () => Promise.reject(new UserTokenError(failure));

describe("Graph's challenge", () => {
  it('is met with a token that was asked for it, which later tasks use too', async () => {
    const renewed = tokenOf();
    const first = failing(challenged(CLAIMS));
    const next = failing();
    const bench = await tasksOverTwins(
      [taskOf('first', first.run), taskOf('next', next.run)],
      async () => renewed,
    );
    await bench.check();
    expect(bench.summary.tasks).toEqual({ done: 2, failed: 0 });
    expect(first.tokens).toEqual([bench.profileToken.accessToken, renewed.accessToken]);
    expect(next.tokens).toEqual([renewed.accessToken]);
    expect(bench.asked).toEqual([
      expect.objectContaining({
        claims: CLAIMS,
        api: expect.objectContaining({ name: 'graph' }),
        forceRefresh: false,
      }),
    ]);
    expect(bench.eventsOf('token.used')).toHaveLength(3);
    const row = await bench.row();
    expect(row).toMatchObject({ state: 'active' });
    expect(row).not.toHaveProperty('trouble');
  });

  it.each<[refusal: Failure, kept: string]>([
    [{ kind: 'needs-user', code: 'AADSTS50076', claims: OTHER_CLAIMS }, OTHER_CLAIMS],
    [{ kind: 'needs-user', code: 'AADSTS50173', suberror: 'bad_token' }, CLAIMS],
  ])('that the token endpoint refuses with %o marks the user', async (refusal, kept) => {
    const { run } = failing(challenged(CLAIMS));
    const next = failing();
    const bench = await tasksOverTwins([taskOf('first', run), taskOf('next', next.run)], refusing(refusal));
    await bench.check();
    expect(bench.summary.tasks).toEqual({ done: 0, failed: 1 });
    const { kind } = refusal;
    // The user's next visit sends the claims to the token endpoint because of this code.
    const code = 'graph_401';
    const row = await bench.row();
    expect(row).toMatchObject({
      state: 'needs-user',
      expiresOn: bench.profileToken.expiresOn,
      nextCheckAt: retireAt(bench.account, SCHEDULE),
      failure: { ...refusal, code, claims: kept, at: NOW },
      history: [
        { at: NOW, outcome: 'refreshed' },
        { at: NOW, outcome: 'task-failed', task: 'first', kind, code },
        { at: NOW, outcome: 'failed', kind, code },
      ],
    });
    expect(row).not.toHaveProperty('lease');
    expect(next.tokens).toEqual([]);
  });

  it('that Graph makes again marks the user with what it asked for last', async () => {
    const { run } = failing(challenged(CLAIMS), challenged(OTHER_CLAIMS));
    const bench = await tasksOverTwins([taskOf('first', run)], async () => tokenOf());
    await bench.check();
    expect(bench.summary.tasks).toEqual({ done: 0, failed: 1 });
    expect(await bench.row()).toMatchObject({
      state: 'needs-user',
      failure: { kind: 'needs-user', code: 'graph_401', claims: OTHER_CLAIMS },
    });
    expect(bench.asked).toHaveLength(1);
  });

  it.each<Failure>([
    { kind: 'transient', code: 'ECONNRESET' },
    { kind: 'throttled', code: 'AADSTS50196' },
    { kind: 'cache-lost', code: 'no_tokens_found' },
    { kind: 'tenant', code: 'AADSTS700016' },
    { kind: 'consent', code: 'AADSTS65001', suberror: 'consent_required' },
    { kind: 'needs-user', code: 'invalid_grant', unsure: true },
  ])('marks nobody when the token endpoint cannot answer ($kind)', async (failure) => {
    const { run } = failing(challenged(CLAIMS));
    const bench = await tasksOverTwins([taskOf('first', run)], refusing(failure));
    await bench.check();
    expect(bench.summary.tasks).toEqual({ done: 0, failed: 1 });
    const { kind, code } = failure;
    const row = await bench.row();
    expect(row).toMatchObject({
      state: 'active',
      history: [{ outcome: 'refreshed' }, { outcome: 'task-failed', kind, code }],
    });
    expect(row).not.toHaveProperty('trouble');
  });

  it('marks nobody when the second try fails for another reason', async () => {
    const { run } = failing(challenged(CLAIMS), graphError(503));
    const bench = await tasksOverTwins([taskOf('first', run)], async () => tokenOf());
    await bench.check();
    expect(bench.summary.tasks).toEqual({ done: 0, failed: 1 });
    expect(await bench.row()).toMatchObject({
      state: 'active',
      history: [{ outcome: 'refreshed' }, { code: 'Error:InvalidAuthenticationToken:503' }],
    });
  });

  it('does not mark a user who visited in the meantime, because they may have answered it', async () => {
    const { run } = failing(challenged(CLAIMS));
    const bench = await tasksOverTwins([taskOf('first', run)], async (_operation, { userId }) => {
      await changeAccount(bench, userId, (now) =>
        now !== undefined && isConnected(now) ? seen(now, NOW) : 'keep',
      );
      throw new UserTokenError({ kind: 'needs-user', code: 'AADSTS50076' });
    });
    expect(await bench.check()).toMatchObject({ outcome: 'refreshed', reason: 'settled-again' });
    const row = await bench.row();
    expect(row).toMatchObject({
      state: 'active',
      lastActivity: NOW,
      history: [{ outcome: 'refreshed' }, { outcome: 'task-failed', code: 'graph_401' }],
    });
    expect(row).not.toHaveProperty('lease');
  });

  it.each([
    ['a 401 without one', graphError(401, 'Bearer error="invalid_token"')],
    ['a 401 without headers', graphError(401)],
    [
      'another status',
      graphError(403, `Bearer error="insufficient_claims", claims="${encodeClaims(CLAIMS)}"`),
    ],
    ['one that is not JSON', graphError(401, 'Bearer error="insufficient_claims", claims="AAAA"')],
  ])('is not seen in %s', async (_what, error) => {
    const { run } = failing(error);
    const bench = await tasksOverTwins([taskOf('first', run)]);
    await bench.check();
    expect(bench.summary.tasks).toEqual({ done: 0, failed: 1 });
    expect(bench.asked).toEqual([]);
    expect(await bench.row()).toMatchObject({ state: 'active' });
  });
});

describe('a challenge that a task got past', () => {
  it('is not the reason of an error of the language, because the task may have handled the refusal', async () => {
    const { tokens, run } = failing(challenged(CLAIMS));
    const buggy = async (context: TaskContext) => {
      await run(context).catch(() => undefined);
      return (undefined as unknown as { y: undefined }).y;
    };
    const bench = await tasksOverTwins([taskOf('buggy', buggy)], async () => tokenOf());
    await bench.check();
    expect(tokens).toEqual([bench.profileToken.accessToken]);
    expect(bench.asked).toEqual([]);
    expect(await bench.row()).toMatchObject({
      state: 'active',
      history: [{ outcome: 'refreshed' }, { outcome: 'task-failed', task: 'buggy', code: 'TypeError' }],
    });
  });

  it('is not the reason of an error that came after an answer which accepts the token', async () => {
    const run = async ({ api }: TaskContext) => {
      const challenge = challenged(CLAIMS).headers?.get('www-authenticate') ?? undefined;
      const headers = { [ANSWER]: JSON.stringify({ status: 401, challenge }) };
      await api.fetch('/v1.0/me/photo', { headers });
      await api.fetch('/v1.0/me');
      throw new RangeError('a fault of the task');
    };
    const bench = await tasksOverTwins([taskOf('first', run)]);
    await bench.check();
    expect(bench.summary.tasks).toEqual({ done: 0, failed: 1 });
    expect(bench.asked).toEqual([]);
    expect(await bench.row()).toMatchObject({
      state: 'active',
      history: [{ outcome: 'refreshed' }, { code: 'RangeError' }],
    });
  });
});

describe('the challenge of another API', () => {
  const ORDERS = defineApi({ name: 'orders', resource: 'api://orders', baseUrl: 'https://orders.example' });
  const OTHER = { api: ORDERS, scopes: ['api://orders/read'] };

  it('is met with a token that was asked for it', async () => {
    const { run, tokens } = failing(challenged(CLAIMS));
    const bench = await tasksOverTwins([taskOf('other', run, OTHER)], async () => tokenOf());
    await bench.check();
    expect(bench.summary.tasks).toEqual({ done: 1, failed: 0 });
    expect(tokens).toHaveLength(2);
    expect(bench.asked).toMatchObject([{ claims: undefined }, { claims: CLAIMS, api: { name: 'orders' } }]);
  });

  it('marks nobody if no token satisfies it, because the API does not speak for the connection', async () => {
    const { run } = failing(challenged(CLAIMS), challenged(OTHER_CLAIMS));
    const bench = await tasksOverTwins([taskOf('other', run, OTHER)], async () => tokenOf());
    await bench.check();
    expect(bench.summary.tasks).toEqual({ done: 0, failed: 1 });
    expect(await bench.row()).toMatchObject({ state: 'active' });
  });
});
