import { type Entra, type EntraOptions, startEntra as start } from '../../dev/entra/startEntra.ts';

/**
 * Starts the local stand-in for Entra ID and Microsoft Graph. It listens only on loopback, because it signs in anybody.
 * Close it with `close()`.
 * @param options default: any free port, a page at `http://localhost:5173`, and all users have consented
 * @throws {Error} the stand-in cannot use the options, or cannot listen on the port.
 */
export const startEntra = (options: Partial<EntraOptions> = {}): Promise<Entra> =>
  start({ port: 0, spaOrigins: ['http://localhost:5173'], consented: true, ...options });
