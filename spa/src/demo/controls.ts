/** The stand-in's faults that the page offers, and what to expect after each. */
export const FAULTS = {
  revoked: {
    label: 'Revoke my sign-in',
    fault: { kind: 'revoked' },
    expect: 'Your sign-in is revoked. Run the worker: it will need you.',
  },
  mfa: {
    label: 'Ask me for MFA',
    fault: { kind: 'claims' },
    expect: 'The directory asks you for one more step. Run the worker: it will need you.',
  },
  consent: {
    label: 'Withdraw my consent',
    fault: { kind: 'consent' },
    expect: 'Your consent is gone. Run the worker: it will need you.',
  },
  throttled: {
    label: 'Throttle',
    fault: { kind: 'throttled', retryAfter: 30 },
    expect: 'The directory asks for fewer requests. Run the worker: it waits, and it does not need you.',
  },
  outage: {
    label: 'Outage',
    fault: { kind: 'server-error' },
    expect: 'The directory is down for you. Run the worker: it tries again, and it does not need you.',
  },
  silence: {
    label: 'Do not answer',
    fault: { kind: 'hang', times: 1 },
    expect:
      'The directory will leave one request without an answer. Run the worker: it gives up, and tries again.',
  },
} as const;

export type FaultName = keyof typeof FAULTS;

/** In seconds; `null` is the default. To MSAL a token has expired 300 seconds early, so 330 are half a minute. */
const LIFETIMES = { short: { graphAccessToken: 330 }, usual: { graphAccessToken: null } } as const;

export const setFault = (user: string, name: FaultName): Promise<void> =>
  send('PUT', `users/${user}/fault`, FAULTS[name].fault);
export const clearFault = (user: string): Promise<void> => send('DELETE', `users/${user}/fault`);
export const setLifetimes = (which: keyof typeof LIFETIMES): Promise<void> =>
  send('PUT', 'lifetimes', LIFETIMES[which]);
export const runWorker = (): Promise<void> => send('POST', 'worker', {});

/** @throws {Error} Its message is the answer of the local platform. */
async function send(method: string, path: string, body?: object): Promise<void> {
  const response = await fetch(`/dev/${path}`, {
    method,
    ...(body && { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
  });
  if (!response.ok)
    throw new Error(`The local platform answered ${response.status}: ${await response.text()}`);
}
