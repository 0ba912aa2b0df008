/** A program that runs a host and does nothing else: for the test of what is left when it is killed. */
import { spawnHost } from '../../../../dev/host/spawnHost.ts';

const host = await spawnHost({ root: process.argv[2] ?? '', port: 0 });
process.stdout.write(`${JSON.stringify({ pid: host.pid, port: host.port })}\n`);
