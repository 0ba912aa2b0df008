/** One process of a storm: takes an order, goes through it and says what came of it. */
import { once } from 'node:events';
import { runStorm, type StormOrder } from '../support/stormApp.ts';
import { fetchNotingGrants, type StormGrant } from '../support/stormGrants.ts';

const grants: StormGrant[] = [];
globalThis.fetch = fetchNotingGrants(grants, globalThis.fetch);

const order = once(process, 'message') as Promise<[StormOrder]>;
process.send?.('ready');
const [given] = await order;
process.send?.(await runStorm(process.env, given, grants), () => process.exit(0));
