type MsalCache = Record<string, Record<string, { secret?: string }> | undefined>;

const secretsOf = (msal: string, section: string): string[] =>
  Object.values((JSON.parse(msal) as MsalCache)[section] ?? {}).flatMap(({ secret }) => secret ?? []);

/** The refresh tokens of MSAL's serialized cache. */
export const refreshTokensIn = (msal: string): string[] => secretsOf(msal, 'RefreshToken');
export const accessTokensIn = (msal: string): string[] => secretsOf(msal, 'AccessToken');
