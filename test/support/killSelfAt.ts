/**
 * Loaded before the program (`--import`): ends the process at one of its calls to other servers, which are counted
 * from 1 in the order in which they begin. `KILL_SELF_AT` is `before 7`, when nothing of the seventh is sent yet, or
 * `after 7`, when it is answered and the program has not heard of it. Whoever survives says how many calls it made,
 * as the last line of stdout.
 */
import { subscribe } from 'node:diagnostics_channel';
import { writeSync } from 'node:fs';

const [moment, number] = (process.env.KILL_SELF_AT ?? '').split(' ');
const numbers = new WeakMap<object, number>();
let calls = 0;

// Node's http and https clients, which the storage SDKs use, and fetch.
for (const channel of ['http.client.request.created', 'undici:request:create']) {
  subscribe(channel, (message) => {
    calls += 1;
    numbers.set(requestIn(message), calls);
    if (moment === 'before' && calls === Number(number)) die();
  });
}
for (const channel of ['http.client.response.finish', 'undici:request:headers']) {
  subscribe(channel, (message) => {
    if (moment === 'after' && numbers.get(requestIn(message)) === Number(number)) die();
  });
}
process.on('exit', () => writeSync(1, `${calls}\n`));

const requestIn = (message: unknown): object => (message as { request: object }).request;

function die(): void {
  process.kill(process.pid, 'SIGKILL');
}
