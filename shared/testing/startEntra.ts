import { type Entra, type EntraOptions, startEntra as start } from '../../dev/entra/startEntra.ts';
import { type SignedInUser, SPA_ORIGIN, signInAs } from './signInAs.ts';
import { standInSettings } from './standInSettings.ts';

export type LocalEntra = Entra & {
  /** The settings of an application whose directory is this stand-in, for `readConfig`. They name no storage. */
  settings: Readonly<Record<string, string>>;
  /**
   * Signs in a user at the page `http://localhost:5173`.
   * @param name of one of the stand-in's users, such as `adele`
   * @throws {Error} the stand-in has no user with this name.
   */
  signIn(name: string): Promise<SignedInUser>;
};

/**
 * Starts the local stand-in for Entra ID and Microsoft Graph. It listens only on loopback, because it signs in anybody.
 * Close it with `close()`. It needs the packages `hono`, `@hono/node-server` and `openid-client`.
 * @param options default: any free port, a page at `http://localhost:5173`, and all users have consented
 * @throws {Error} the stand-in cannot use the options, or cannot listen on the port.
 */
export async function startEntra(options: Partial<EntraOptions> = {}): Promise<LocalEntra> {
  const entra = await start({ port: 0, spaOrigins: [SPA_ORIGIN], consented: true, ...options });
  return {
    ...entra,
    settings: standInSettings(entra.origin),
    signIn: (name) => signInAs(entra.origin, name),
  };
}
