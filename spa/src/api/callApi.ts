import type { PageAnswer } from '@stead/shared/browser';
import type { Api } from './useApi.ts';

export type Answer<T> = PageAnswer<T>;

/** One request that the page can make. */
export type Call<T> = {
  method?: 'GET' | 'PUT' | 'DELETE';
  path: string;
  /** Reads the body of a successful answer; undefined if the body is not what it should be. */
  read: (response: Response) => Promise<T | undefined>;
};

/** Makes one request as the signed-in user. It throws nothing: a failure of MSAL, network or API is a `Refusal`. */
export const callApi = <T>(
  { service }: Api,
  { path, ...call }: Call<T>,
  signal: AbortSignal,
): Promise<Answer<T>> => service.fetch(`/api/${path}`, { ...call, signal });

/** Makes a `read` for JSON that `isExpected` accepts. */
export const readJson =
  <T>(isExpected: (body: unknown) => body is T) =>
  async (response: Response): Promise<T | undefined> => {
    const body: unknown = await response.json().catch(() => undefined);
    return isExpected(body) ? body : undefined;
  };
