import { type Entra, type EntraOptions, startEntra as start } from '../../dev/entra/startEntra.ts';

/**
 * Starts the local stand-in for Entra ID and Microsoft Graph, on a free port of this machine. It signs in anybody, so it
 * listens on loopback alone.
 * @param options default: any free port, a page at `http://localhost:5173`, and everybody has consented
 * @throws what the stand-in throws for options that it cannot use
 */
export const startEntra = (options: Partial<EntraOptions> = {}): Promise<Entra> =>
  start({ port: 0, spaOrigins: ['http://localhost:5173'], consented: true, ...options });
