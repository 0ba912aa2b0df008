/** Functions over stores in memory, with a token endpoint and an API that answer what they are told. */
import { graph } from '../../../../shared/adapters/graph/graphApi.ts';
import type { LogEvent } from '../../../../shared/log.ts';
import type { FunctionRequest, UserToken, UserTokens } from '../../../../shared/ports.ts';
import { asUser, NOTHING_SENT } from '../../../../shared/requests/asUser.ts';
import { defineFunction, type UserFunction } from '../../../../shared/requests/defineFunction.ts';
import { createTestClock } from '../../../../shared/testing/testClock.ts';
import { toUserId } from '../../../../shared/userId.ts';
import { sampleToken } from '../../../support/sampleToken.ts';
import { createTestApp } from '../../../support/testApp.ts';

export const TID = '0ba8ac9d-87b2-4ac0-a8a6-7c15e1295179';
export const OID = 'bbfa24c8-cfdc-4cdb-8268-48a7cda1da40';
const AN_HOUR = 3_600_000;

type Exchange = Parameters<UserTokens['onBehalfOf']>[1];
export type Given = Partial<UserToken> | Error;

export const requestOf = (more: Partial<FunctionRequest>): FunctionRequest => ({ ...NOTHING_SENT, ...more });

/** A function of Graph that does this. */
export const functionOf = <T>(
  run: UserFunction<T>['run'],
  more: { name?: string; scopes?: string[]; timeoutMs?: number } = {},
): UserFunction<T> => defineFunction({ name: 'own', api: graph, scopes: ['User.Read'], run, ...more });

/**
 * @param given what the token endpoint gives, one after the other; the last one again and again
 * @param answer what the API answers
 * @param more.connect `CONNECT`
 */
export function askOverTwins(
  given: [Given, ...Given[]] = [{}],
  answer: (address: string, init?: RequestInit) => Response | Promise<Response> = () => Response.json({}),
  more: { connect?: 'visit' | 'ask' } = {},
) {
  const clock = createTestClock();
  const events: LogEvent[] = [];
  const exchanges: Exchange[] = [];
  const addresses: string[] = [];
  const app = createTestApp({
    ...more,
    clock,
    verifyAccessToken: async (assertion) => ({
      userId: toUserId({ tid: TID, oid: OID }),
      tid: TID,
      oid: OID,
      userPrincipalName: 'adele@harbour.example',
      expiresOn: new Date(clock.now().getTime() + AN_HOUR),
      assertion,
    }),
    userTokens: {
      silent: () => Promise.reject(new Error('not expected')),
      async onBehalfOf(_operation, request) {
        request.mayAsk?.();
        exchanges.push(request);
        const next = given[exchanges.length - 1] ?? given.at(-1);
        if (next instanceof Error) throw next;
        const accessToken = `token ${exchanges.length}`;
        return sampleToken(new Date(clock.now().getTime() + AN_HOUR), { accessToken, ...next });
      },
    },
    fetch: async (address, init) => {
      addresses.push(String(address));
      return answer(String(address), init);
    },
  });
  return {
    app,
    clock,
    events,
    exchanges,
    addresses,
    ask: <T>(fn: UserFunction<T>, request?: FunctionRequest, assertion = 'an assertion') =>
      asUser(app, { log: (event) => void events.push(event) }, assertion, fn, request),
    eventsOf: (name: LogEvent['event']) => events.filter(({ event }) => event === name),
  };
}

/** The error with which it ends. */
export const refusalOf = (work: Promise<unknown>): Promise<Record<string, unknown>> =>
  work.then(
    () => Promise.reject(new Error('it went well')),
    (error) => error as Record<string, unknown>,
  );
