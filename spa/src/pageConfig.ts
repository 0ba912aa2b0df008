/** What the page is told at run time, in `/config.json` beside it. One build serves every tenant. */
export type PageConfig = {
  /** Application (client) id of the SPA. */
  clientId: string;
  /** `https://login.microsoftonline.com/<tenant>` */
  authority: string;
  /** `api://<client id of the API>/<scope>` */
  apiScope: string;
  /** Origin of the functions. */
  apiBaseUrl: string;
  /** For an authority that MSAL does not know: its host names, and its metadata as a string of JSON. */
  knownAuthorities?: string[];
  authorityMetadata?: string;
  /** The directory is a stand-in on this machine. */
  localDemo?: boolean;
};

const REQUIRED = ['clientId', 'authority', 'apiScope', 'apiBaseUrl'] as const;

/** @throws {Error} whose message says what is wrong with the file and how to mend it. */
export async function readPageConfig(): Promise<PageConfig> {
  const response = await fetch('/config.json', { cache: 'no-store' });
  if (!response.ok) {
    throw new Error(
      `There is no /config.json (${response.status}). Put one beside this page; config.sample.json shows how.`,
    );
  }
  let config: Partial<PageConfig>;
  try {
    config = (await response.json()) as Partial<PageConfig>;
  } catch {
    throw new Error('/config.json is not JSON. Compare it with config.sample.json.');
  }
  const missing = REQUIRED.filter((name) => typeof config[name] !== 'string' || config[name].startsWith('<'));
  if (missing.length > 0) {
    throw new Error(`/config.json lacks ${missing.join(', ')}. Compare it with config.sample.json.`);
  }
  return config as PageConfig;
}
