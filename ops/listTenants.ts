import { timeText } from './accountView.ts';
import type { Command } from './commandLine.ts';
import type { Operator } from './operator.ts';
import { printTable } from './printTable.ts';

const COLUMNS = ['tenant', 'api', 'left alone until'] as const;

/** `tenants` */
export async function listTenants(
  { tenants, clock, print }: Operator,
  { json }: Extract<Command, { verb: 'tenants' }>,
): Promise<number> {
  const cooling = await tenants.cooling(clock.now());
  if (json) {
    for (const one of cooling) await print(JSON.stringify(one));
    return 0;
  }
  const rows = cooling.map(({ tenant, api, until }) => ({
    tenant: tenant === '*' ? 'every tenant' : tenant,
    api,
    'left alone until': timeText(until),
  }));
  await printTable(COLUMNS, rows, print);
  return 0;
}
