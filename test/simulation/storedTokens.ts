import type { Grant } from './entraTypes.ts';

type MsalCache = Record<string, Record<string, { secret?: string }> | undefined>;

const secretsOf = (msal: string, section: string): string[] =>
  Object.values((JSON.parse(msal) as MsalCache)[section] ?? {}).flatMap(({ secret }) => secret ?? []);

/** The refresh tokens of a serialized cache, those of both grants. */
export const refreshTokensIn = (msal: string): string[] => [
  ...new Set([...slotIn(msal), ...secretsOf(msal, 'SteadGrants')]),
];
export const accessTokensIn = (msal: string): string[] => secretsOf(msal, 'AccessToken');

/** What MSAL itself has for its only refresh token. An earlier release uses nothing else. */
export const slotIn = (msal: string): string[] => secretsOf(msal, 'RefreshToken');

/** The refresh token of each grant. Without a link, there is that of an exchange, where MSAL has it. */
export function grantsIn(msal: string): Partial<Record<Grant, string>> {
  const grants = Object.entries((JSON.parse(msal) as MsalCache).SteadGrants ?? {});
  const of = (grant: Grant) => grants.find(([key]) => key.startsWith(`${grant}|`))?.[1].secret;
  const code = of('code');
  const exchange = code === undefined ? slotIn(msal)[0] : of('exchange');
  return { ...(code !== undefined && { code }), ...(exchange !== undefined && { exchange }) };
}
