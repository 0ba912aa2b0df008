/** The ports of `npm start` and the environment variables that change them. */
import { PlainError, UsageError } from '../ops/cli/errors.ts';
import { isFree } from './freePorts.ts';
import type { Ports } from './platform.ts';

export type PortName = keyof Ports;

export const PORTS: Record<PortName, { setting: string; port: number; what: string }> = {
  web: { setting: 'STEAD_WEB_PORT', port: 3000, what: 'the page' },
  functions: { setting: 'STEAD_FUNCTIONS_PORT', port: 7071, what: 'the functions' },
  entra: { setting: 'STEAD_ENTRA_PORT', port: 8400, what: 'the stand-in for Entra ID and Graph' },
  blob: { setting: 'STEAD_BLOB_PORT', port: 10000, what: 'blob storage (Azurite)' },
  queue: { setting: 'STEAD_QUEUE_PORT', port: 10001, what: 'queue storage (Azurite)' },
  table: { setting: 'STEAD_TABLE_PORT', port: 10002, what: 'table storage (Azurite)' },
};

const MAX_PORT = 65_535;

/**
 * Reads all ports from the environment. Only the wanted ones are checked.
 * @throws {UsageError} It names every variable that is not a port, and every port that two parts would share.
 */
export function readPorts(
  environment: Readonly<Record<string, string | undefined>>,
  wanted: readonly PortName[],
): Ports {
  const ports = Object.fromEntries(Object.entries(PORTS).map(([name, { port }]) => [name, port])) as Ports;
  const faults: string[] = [];
  const settingOf = new Map<number, string>();
  for (const name of wanted) {
    const { setting } = PORTS[name];
    const given = environment[setting];
    if (given) ports[name] = /^\d{1,5}$/.test(given) ? Number(given) : Number.NaN;
    const port = ports[name];
    if (!(port >= 1 && port <= MAX_PORT)) {
      faults.push(`${setting} is not a port: give a whole number from 1 to ${MAX_PORT}.`);
      continue;
    }
    const other = settingOf.get(port);
    if (other !== undefined) {
      faults.push(`${other} and ${setting} are both ${port}: give each a port of its own.`);
    }
    settingOf.set(port, setting);
  }
  if (faults.length > 0) throw new UsageError(faults.join('\n'));
  return ports;
}

/** @throws {PlainError} It names every taken port and the variable that changes it. */
export async function checkPortsAreFree(ports: Ports, wanted: readonly PortName[]): Promise<void> {
  const faults: string[] = [];
  for (const name of wanted) {
    const { setting, what } = PORTS[name];
    if (await isFree(ports[name])) continue;
    faults.push(
      `Port ${ports[name]}, for ${what}, is taken: end the program that listens there, or set ${setting} to another port.`,
    );
  }
  if (faults.length > 0) throw new PlainError(faults.join('\n'));
}
