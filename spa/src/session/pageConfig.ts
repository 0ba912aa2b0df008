/** The settings of the page, read from `/config.json` at run time. So one build serves every tenant. */
export type PageConfig = {
  /** Application (client) id of the SPA. */
  clientId: string;
  /** `https://login.microsoftonline.com/<tenant>` */
  authority: string;
  /** `api://<client id of the API>/<scope>` */
  apiScope: string;
  /** Origin of the functions, without `/api`. It is https, except on this machine. */
  apiBaseUrl: string;
  /** Only for an authority that MSAL does not know: its host names, and its metadata as a string of JSON. */
  knownAuthorities?: string[];
  authorityMetadata?: string;
  /** What users call the application. */
  appName: string;
  /** The address of its picture: a path at this page's own host, or a data URL of an image. */
  logo: string;
  /** True if the directory is the stand-in of the local platform. */
  localDemo?: boolean;
};

const REQUIRED = ['clientId', 'authority', 'apiScope', 'apiBaseUrl'] as const;
/** How the application presents itself. */
export type Look = Pick<PageConfig, 'appName' | 'logo'>;

export const DEFAULT_LOOK: Look = { appName: 'Stead', logo: '/favicon.svg' };
/** A longer name would fill the first screen of a phone. */
const MAX_NAME_LENGTH = 40;
const COMPARE = 'Compare it with config.sample.json.';

/** @throws {Error} Its message says what is wrong with the file and how to correct it. */
export async function readPageConfig(): Promise<PageConfig> {
  let response: Response;
  try {
    response = await fetch('/config.json', { cache: 'no-store' });
  } catch (cause) {
    throw new Error('/config.json cannot be read: its server does not answer. Load the page again.', {
      cause,
    });
  }
  if (!response.ok) {
    throw new Error(
      `There is no /config.json (${response.status}). Put one beside this page; config.sample.json shows how.`,
    );
  }
  let settings: unknown;
  try {
    settings = await response.json();
  } catch (cause) {
    throw new Error(`/config.json is not JSON. ${COMPARE}`, { cause });
  }
  return toPageConfig(settings);
}

/** @throws {Error} It names all missing settings, or else the first wrong one. */
function toPageConfig(settings: unknown): PageConfig {
  if (!isRecord(settings)) throw new Error(`/config.json holds no JSON object. ${COMPARE}`);
  const missing = REQUIRED.filter((name) => !isFilledIn(settings[name]));
  if (missing.length > 0) throw new Error(`/config.json lacks ${missing.join(', ')}. ${COMPARE}`);

  const { clientId, authority, apiScope, apiBaseUrl } = settings as Record<(typeof REQUIRED)[number], string>;
  const {
    knownAuthorities,
    authorityMetadata,
    localDemo,
    appName = DEFAULT_LOOK.appName,
    logo = DEFAULT_LOOK.logo,
  } = settings;
  if (!isUrl(authority, 'https:')) throw wrong('authority', 'a URL that begins with https://');
  // The directory takes a scope without a resource as a scope of Microsoft Graph.
  if (!/^\S+\/[^\s/]+$/.test(apiScope)) throw wrong('apiScope', 'api://<client id of the API>/<scope>');
  if (!isUrl(apiBaseUrl, 'https:') && !isLoopback(apiBaseUrl)) {
    throw wrong('apiBaseUrl', 'a URL such as https://example.org; http is for localhost alone');
  }
  if (knownAuthorities !== undefined && !isTexts(knownAuthorities)) {
    throw wrong('knownAuthorities', 'a list of host names');
  }
  if (authorityMetadata !== undefined && typeof authorityMetadata !== 'string') {
    throw wrong('authorityMetadata', 'a string that holds JSON');
  }
  if (localDemo !== undefined && typeof localDemo !== 'boolean') throw wrong('localDemo', 'true or false');
  if (typeof appName !== 'string' || appName.trim() === '' || appName.length > MAX_NAME_LENGTH) {
    throw wrong('appName', `a text of at most ${MAX_NAME_LENGTH} characters`);
  }
  if (typeof logo !== 'string' || !isPicture(logo)) {
    throw wrong('logo', 'a path of this page such as /logo.svg, or a data URL of an image');
  }
  return {
    appName,
    logo,
    clientId,
    authority,
    apiScope,
    apiBaseUrl: apiBaseUrl.replace(/\/+$/, ''),
    ...(knownAuthorities === undefined ? {} : { knownAuthorities }),
    ...(authorityMetadata === undefined ? {} : { authorityMetadata }),
    ...(localDemo === undefined ? {} : { localDemo }),
  };
}

const wrong = (name: keyof PageConfig, expected: string): Error =>
  new Error(`"${name}" in /config.json has to be ${expected}. ${COMPARE}`);

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** In the sample file, values to fill in are in angle brackets. */
const isFilledIn = (value: unknown): value is string =>
  typeof value === 'string' && value !== '' && !value.includes('<');

const isUrl = (value: string, ...protocols: string[]): boolean =>
  URL.canParse(value) && protocols.includes(new URL(value).protocol);

/** Nothing leaves the machine, so http is safe. `[::1]` is missing: a content security policy cannot name it. */
const isLoopback = (value: string): boolean =>
  isUrl(value, 'http:') && ['localhost', '127.0.0.1'].includes(new URL(value).hostname);

/** The page's policy allows pictures of its own host and data URLs alone. */
const isPicture = (value: string): boolean => /^\/(?!\/)/.test(value) || value.startsWith('data:image/');

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'string');
