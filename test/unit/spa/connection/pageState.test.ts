import { describe, expect, it } from 'vitest';
import type { Refusal } from '../../../../shared/browser/refusal.ts';
import type { Connection, ConnectionTask } from '../../../../shared/wire.ts';
import {
  type Known,
  needsPerson,
  pageState,
  type Tone,
  tellsNextCheck,
  toneOf,
} from '../../../../spa/src/connection/pageState.ts';

const AT = '2026-11-28T08:12:00.000Z';
const facts = { at: AT };
const signIn: Refusal = { state: 'sign-in', code: 'CLAIMS_REQUIRED', ...facts };
const consent: Refusal = { state: 'sign-in', code: 'CONSENT_REQUIRED', ...facts };
const busy: Refusal = { state: 'busy', code: 'UNAVAILABLE', retryAfterSeconds: 5, ...facts };
const refused: Refusal = { state: 'refused', code: 'TENANT_FORBIDDEN', ...facts };
const unexpected: Refusal = { state: 'unexpected', status: 200 };
const offline: Refusal = { state: 'offline' };
const ready = { state: 'ready' } as const;

const active: Connection = { state: 'active', history: [] };
const failing = (
  kind: NonNullable<Connection['failure']>['kind'],
  state: Connection['state'] = 'active',
): Connection => ({
  state,
  history: [],
  failure: { kind, code: 'c', at: AT },
});
const done = { task: 'a', outcome: 'done', last: AT, times: 1 } as const;
const broken = { task: 'a', outcome: 'failed', last: AT, times: 1 } as const;
const ran = (...tasks: ConnectionTask[]): Connection => ({
  ...active,
  checks: tasks.map((task) => ({ first: AT, last: AT, times: 1, outcome: 'refreshed', tasks: [task] })),
});

const known = (some: Partial<Known>): Known => ({
  connection: active,
  trouble: undefined,
  visit: ready,
  settling: false,
  repaired: false,
  ...some,
});

describe('the state of the page', () => {
  it.each<[what: string, some: Partial<Known>, name: string, tone: Tone, more?: object]>([
    [
      'nothing is known yet',
      { connection: undefined, visit: undefined },
      'loading',
      'quiet',
      { settling: false },
    ],
    ['the visit is under way', { visit: undefined }, 'loading', 'quiet'],
    [
      'the visit may repair what stopped it',
      { visit: undefined, connection: failing('needs-user', 'needs-user') },
      'loading',
      'quiet',
    ],
    [
      'the visit waits for a permission to arrive',
      { visit: undefined, settling: true },
      'loading',
      'quiet',
      { settling: true },
    ],
    ['only the visit is answered', { connection: undefined }, 'loading', 'quiet'],
    [
      'only the connection failed so far',
      { connection: undefined, visit: undefined, trouble: busy },
      'loading',
      'quiet',
    ],

    ['all is well', {}, 'well', 'good', { repaired: false }],
    ['all is well again', { repaired: true }, 'well', 'good', { repaired: true }],
    ['a task failed and then worked', { connection: ran(broken, done) }, 'well', 'good'],
    [
      'a task worked and then failed',
      { connection: ran(done, broken) },
      'partly',
      'bad',
      { tasks: [broken] },
    ],
    [
      'a task got no answer, and is tried again',
      {
        connection: ran({ ...broken, code: 'GraphRefused:503' }, { ...broken, task: 'b', kind: 'transient' }),
      },
      'partly',
      'quiet',
    ],
    [
      'one task got no answer, and another was refused',
      { connection: ran({ ...broken, code: 'timeout' }, { ...broken, task: 'b', code: 'GraphRefused:403' }) },
      'partly',
      'bad',
    ],
    [
      'an earlier release tells of a task that failed',
      {
        connection: {
          ...active,
          history: [
            { at: AT, outcome: 'refreshed' },
            { at: AT, outcome: 'task-failed', task: 'a' },
          ],
        },
      },
      'partly',
      'bad',
    ],
    [
      'tasks rest',
      { connection: { ...ran(broken), tasksPausedUntil: AT } },
      'paused',
      'quiet',
      { until: AT },
    ],
    ['there is no token yet', { connection: { ...active, state: 'pending' } }, 'starting', 'quiet'],

    ['nobody answered it', { connection: failing('transient') }, 'waiting', 'quiet'],
    [
      'it was asked to wait, before the first token',
      { connection: failing('throttled', 'pending') },
      'waiting',
      'quiet',
    ],
    [
      'a pause does not hide a failure',
      { connection: { ...failing('tenant'), tasksPausedUntil: AT } },
      'blocked',
      'bad',
      { by: 'organisation' },
    ],
    [
      'the service has a fault of its own',
      { connection: failing('misconfigured') },
      'blocked',
      'bad',
      { by: 'service' },
    ],
    [
      'the directory wants the person',
      { connection: failing('needs-user', 'needs-user') },
      'stopped',
      'bad',
      { consent: false },
    ],
    [
      'a permission is missing',
      { connection: failing('consent', 'needs-user') },
      'stopped',
      'bad',
      { consent: true },
    ],
    ['the tokens are lost', { connection: failing('cache-lost') }, 'stopped', 'bad', { consent: false }],
    [
      'it is stopped, and nobody knows why',
      { connection: { state: 'needs-user', history: [] } },
      'stopped',
      'bad',
      { consent: false },
    ],

    [
      'the person said stop',
      { connection: { state: 'disconnected', history: [], lastActivity: AT } },
      'ended',
      'quiet',
      { at: AT },
    ],
    ['nothing is kept', { connection: { state: 'none', history: [] } }, 'none', 'quiet'],
    [
      'the person was not asked yet',
      { connection: { state: 'not-connected', history: [] } },
      'not-connected',
      'quiet',
    ],

    ['the visit asks for the person', { visit: signIn }, 'sign-in', 'bad', { refusal: signIn }],
    [
      'the visit asks for the person, who was needed already',
      { visit: signIn, connection: failing('needs-user', 'needs-user') },
      'sign-in',
      'bad',
      { stoppedAt: AT },
    ],
    [
      'only the connection asks for the person',
      { connection: undefined, trouble: consent },
      'sign-in',
      'bad',
      { refusal: consent },
    ],
    ['the sign-in ends while the page is open', { trouble: signIn }, 'sign-in', 'bad', { refusal: signIn }],
    [
      'the person is needed, before what passes by itself',
      { visit: busy, trouble: signIn },
      'sign-in',
      'bad',
    ],

    [
      'the visit is refused, and the connection is not',
      { visit: refused },
      'refused',
      'bad',
      { refusal: refused },
    ],
    [
      'nobody understands the visit',
      { visit: unexpected, connection: failing('transient') },
      'refused',
      'bad',
    ],
    ['both are refused', { visit: refused, connection: undefined, trouble: refused }, 'refused', 'bad'],
    ['there is no network', { visit: offline, connection: undefined, trouble: offline }, 'refused', 'quiet'],
    [
      'only the connection cannot be had',
      { connection: undefined, trouble: busy },
      'refused',
      'quiet',
      { refusal: busy },
    ],
    ['only the profile cannot be had', { visit: busy }, 'well', 'good'],
    ['what is shown is old', { trouble: offline }, 'well', 'good'],
  ])('when %s', (_what, some, name, tone, more = {}) => {
    const state = pageState(known(some));
    expect(state).toMatchObject({ name, ...more });
    expect(toneOf(state)).toBe(tone);
  });

  it.each<[some: Partial<Known>, isNeeded: boolean, tells: boolean]>([
    [{}, false, true],
    [{ connection: failing('transient') }, false, true],
    [{ connection: { ...active, tasksPausedUntil: AT } }, false, false],
    [{ connection: failing('needs-user', 'needs-user') }, true, false],
    // An operator has ordered a check of a person who is needed.
    [{ connection: { ...failing('needs-user', 'needs-user'), nextCheckAt: AT } }, true, false],
    [{ visit: signIn }, true, false],
    [{ visit: refused }, false, false],
  ])('of %j needs the person: %s, and tells of the next check: %s', (some, isNeeded, tells) => {
    const state = pageState(known(some));
    expect([needsPerson(state), tellsNextCheck(state)]).toEqual([isNeeded, tells]);
  });

  it('has no time of a stop that was not', () => {
    expect(pageState(known({ visit: signIn }))).not.toHaveProperty('stoppedAt');
  });
});
