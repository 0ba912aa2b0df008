/** One act in a process of its own, which may not live to end it. */
import { type Act, perform } from '../support/drillApp.ts';

await perform(process.env, JSON.parse(process.argv[2] ?? '') as Act);
// Connections are kept alive, and would keep the process alive too.
process.exit(0);
