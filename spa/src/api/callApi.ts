import { bridgeUri } from '../session/startMsal.ts';
import { type Refusal, readRefusal, refusalWithoutToken } from './refusal.ts';
import type { Api } from './useApi.ts';

export type Answer<T> = { state: 'ready'; value: T } | Refusal;

/** One request that the page can make. */
export type Call<T> = {
  method?: 'GET' | 'PUT' | 'DELETE';
  path: string;
  /** Reads the body of a successful answer; undefined if the body is not what it should be. */
  read: (response: Response) => Promise<T | undefined>;
};

const TIMEOUT_MS = 60_000;

/** Makes one request as the signed-in user. It throws nothing: a failure of MSAL, network or API is a `Refusal`. */
export async function callApi<T>(api: Api, call: Call<T>, signal: AbortSignal): Promise<Answer<T>> {
  const { msal, account, config } = api;
  let accessToken: string;
  try {
    ({ accessToken } = await msal.acquireTokenSilent({
      scopes: [config.apiScope],
      account,
      redirectUri: bridgeUri(),
    }));
  } catch (error) {
    return refusalWithoutToken(error);
  }
  try {
    const response = await fetch(`${config.apiBaseUrl}/api/${call.path}`, {
      method: call.method ?? 'GET',
      headers: { Authorization: `Bearer ${accessToken}` },
      signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    if (!response.ok) return readRefusal(response, await response.json().catch(() => undefined));
    const value = await call.read(response);
    return value === undefined ? { state: 'unexpected', status: response.status } : { state: 'ready', value };
  } catch {
    return { state: 'offline' };
  }
}

/** Makes a `read` for JSON that `isExpected` accepts. */
export const readJson =
  <T>(isExpected: (body: unknown) => body is T) =>
  async (response: Response): Promise<T | undefined> => {
    const body: unknown = await response.json().catch(() => undefined);
    return isExpected(body) ? body : undefined;
  };
