import { expect, it } from 'vitest';
import { type CallFrame, partsOfProfile } from '../../../bench/report/partsOfProfile.ts';

const frame = (functionName: string, url = ''): CallFrame => ({
  functionName,
  url,
  lineNumber: 0,
  columnNumber: 0,
});
const FRAMES = [
  frame('(idle)'),
  frame('(garbage collector)'),
  frame('writev'),
  frame('send', 'node:_http_outgoing'),
  frame('fetch', 'node:internal/deps/undici/undici'),
  frame('Hmac', 'node:internal/crypto/hash'),
  frame('get', 'file:///app/node_modules/@azure/data-tables/dist/esm/TableClient.js'),
  frame('invoke', 'file:///app/worker.js'),
  frame('asUser', 'file:///app/main.js'),
  frame('serve', 'file:///project/dev/host/invoke.ts'),
];

it('names the part of each function, by its source if it is in a bundle, and leaves idle time out', () => {
  const profile = {
    nodes: FRAMES.map((callFrame, id) => ({ id, callFrame })),
    samples: FRAMES.map((_frame, id) => id),
    timeDeltas: [9_000, 20, 20, 15, 15, 9, 8, 6, 4, 3],
  };
  const sources = new Map([
    ['file:///app/main.js', '../project/shared/requests/asUser.ts'],
    ['file:///app/worker.js', 'webpack://@azure/functions/src/InvocationModel.ts'],
  ]);
  const sourceOf = ({ url }: CallFrame) => sources.get(url);
  expect(partsOfProfile(profile, sourceOf)).toEqual([
    { part: 'the collection of garbage', share: 0.2 },
    { part: "Node's own code in C++", share: 0.2 },
    { part: 'Node: HTTP, sockets and streams', share: 0.15 },
    { part: 'Node: fetch (undici)', share: 0.15 },
    { part: 'Node: cryptography', share: 0.09 },
    { part: '@azure/data-tables', share: 0.08 },
    { part: '@azure/functions', share: 0.06 },
    { part: 'Stead', share: 0.04 },
    { part: 'the local host and the benchmark', share: 0.03 },
  ]);
});
