import { timeText } from './accountView.ts';
import type { Command } from './commandLine.ts';
import type { Operator } from './operator.ts';
import { printTable } from './printTable.ts';

const COLUMNS = ['tenant', 'left in peace until'] as const;

/** `tenants` */
export async function listTenants(
  { tenants, now, print }: Operator,
  { json }: Extract<Command, { verb: 'tenants' }>,
): Promise<number> {
  const cooling = [...(await tenants.cooling(now()))].map(([tenant, until]) => ({ tenant, until }));
  if (json) {
    for (const one of cooling) await print(JSON.stringify(one));
    return 0;
  }
  const rows = cooling.map(({ tenant, until }) => ({ tenant, 'left in peace until': timeText(until) }));
  await printTable(COLUMNS, rows, print);
  return 0;
}
