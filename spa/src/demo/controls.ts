/** The stand-in's faults that a person can make sense of, and what to expect of each. */
export const FAULTS = {
  revoked: {
    label: 'Revoke my sign-in',
    fault: { kind: 'revoked' },
    expect: 'Your grant is gone. Run the worker: it will need you.',
  },
  mfa: {
    label: 'Ask me for MFA',
    fault: { kind: 'claims' },
    expect: 'The directory wants one more step. Run the worker: it will need you.',
  },
  consent: {
    label: 'Withdraw my consent',
    fault: { kind: 'consent' },
    expect: 'Your consent is gone. Run the worker: it will need you.',
  },
  throttled: {
    label: 'Throttle',
    fault: { kind: 'throttled', retryAfter: 30 },
    expect: 'The directory asks for fewer requests. Run the worker: it waits, and you are not marked.',
  },
  outage: {
    label: 'Outage',
    fault: { kind: 'server-error' },
    expect: 'The directory is down for you. Run the worker: it tries again, and you are not marked.',
  },
  silence: {
    label: 'Do not answer',
    fault: { kind: 'hang', times: 1 },
    expect:
      'The directory will leave one request without an answer. Run the worker: it gives up, and tries again.',
  },
} as const;

export type FaultName = keyof typeof FAULTS;

/** To MSAL a token has expired 300 seconds before its end. */
const LIFETIMES = { short: { graphAccessToken: 330 }, usual: { graphAccessToken: null } } as const;

export const setFault = (user: string, name: FaultName): Promise<void> =>
  send('PUT', `users/${user}/fault`, FAULTS[name].fault);
export const clearFault = (user: string): Promise<void> => send('DELETE', `users/${user}/fault`);
export const setLifetimes = (which: keyof typeof LIFETIMES): Promise<void> =>
  send('PUT', 'lifetimes', LIFETIMES[which]);
export const runWorker = (): Promise<void> => send('POST', 'worker', {});

/** @throws {Error} that says what the local platform had against it. */
async function send(method: string, path: string, body?: object): Promise<void> {
  const response = await fetch(`/dev/${path}`, {
    method,
    ...(body && { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`The local platform said ${response.status}: ${await response.text()}`);
}
