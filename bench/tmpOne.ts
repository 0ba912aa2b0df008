import { measureSweep } from './worker/measureSweep.ts';
const users = Number(process.argv[2]); const concurrency = Number(process.argv[3] ?? 16);
console.log(JSON.stringify(await measureSweep({ users, concurrency, latencies: { storageMs: 5, tokenMs: 50 } }, () => {}), undefined, 1));
