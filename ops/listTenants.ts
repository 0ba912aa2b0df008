import { timeText } from './accountView.ts';
import { printTable } from './cli/printTable.ts';
import type { Command } from './commandLine.ts';
import type { Operator } from './operator.ts';

/** `tenants` */
export async function listTenants(
  { listCooldowns, print }: Operator,
  { json }: Extract<Command, { verb: 'tenants' }>,
): Promise<number> {
  const cooling = await listCooldowns();
  if (json) {
    for (const one of cooling) await print(JSON.stringify(one));
    return 0;
  }
  const rows = cooling.map(({ tenant, api, until }) => [
    tenant === '*' ? 'every tenant' : tenant,
    api,
    timeText(until),
  ]);
  await printTable(['tenant', 'api', 'cooldown until'], rows, print);
  return 0;
}
