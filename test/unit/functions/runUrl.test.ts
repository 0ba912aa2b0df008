import { expect, it } from 'vitest';
import { runUrlIn } from '../../../functions/refreshWorker/runUrl.ts';

it.each([
  ['some.azurewebsites.net', 'https://some.azurewebsites.net/api/worker/run'],
  [
    'some-hash.westeurope-01.azurewebsites.net',
    'https://some-hash.westeurope-01.azurewebsites.net/api/worker/run',
  ],
  ['localhost:7071', 'http://localhost:7071/api/worker/run'],
  ['127.0.0.1:7071', 'http://127.0.0.1:7071/api/worker/run'],
  ['localhost.example', 'https://localhost.example/api/worker/run'],
  ['', undefined],
  [undefined, undefined],
])('the app that the platform calls %s is called at %s', (name, url) => {
  expect(runUrlIn({ WEBSITE_HOSTNAME: name })).toBe(url);
});
