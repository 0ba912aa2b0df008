/** Who may ask the platform for the time, timers, ids and chance, and send requests with its `fetch`. */
import { describe, expect, it } from 'vitest';
import { refusedLines } from './refusedLines.ts';

describe('time, timers, ids, chance and requests', async () => {
  const FROM_THE_CLOCK = [
    'Date.now();',
    "Date['now']();",
    'Date();',
    'new Date();',
    'new Date;',
    'const { now } = Date;',
    'const { now: time } = Date;',
    'const Time = Date;',
    'read(Date);',
    'read({ Date });',
    'new Date(read(() => { const { now } = Date; }));',
    'performance.now();',
    "import { performance } from 'node:perf_hooks';",
    "import * as hooks from 'perf_hooks';",
    'process.hrtime();',
    'process.hrtime.bigint();',
    "process['hrtime']();",
    'const { hrtime } = process;',
    "import { hrtime as elapsed } from 'node:process';",
    'Math.random();',
    "Math['random']();",
    'const { random } = Math;',
    'const { random: chance } = Math;',
    'AbortSignal.timeout(5);',
    "AbortSignal['timeout'](5);",
    'const { timeout } = AbortSignal;',
    'crypto.randomUUID();',
    "crypto['randomUUID']();",
    'crypto.getRandomValues(new Uint8Array(1));',
    'const { randomUUID: newId } = crypto;',
    'globalThis.crypto.randomUUID();',
    "import { randomUUID } from 'node:crypto';",
    "import { randomUUID as id } from 'node:crypto';",
    "import { randomInt } from 'node:crypto';",
    "import { randomInt as draw } from 'node:crypto';",
    "import { getRandomValues as draw } from 'node:crypto';",
    "import { webcrypto as web } from 'node:crypto';",
    'setTimeout(() => {}, 5);',
    'setInterval(() => {}, 5);',
    'setImmediate(() => {});',
    'const later = setTimeout;',
    'read({ setTimeout });',
    'const { setTimeout: later } = window;',
    "import { setTimeout as pause } from 'node:timers/promises';",
    "import { setTimeout as pause } from 'node:timers';",
    "import * as timers from 'node:timers';",
    "import { scheduler } from 'timers/promises';",
    "const timers = await import('node:timers');",
    "globalThis.fetch('https://some.example');",
    "globalThis['fetch']('https://some.example');",
    'const { fetch } = globalThis;',
    'read({ globalThis });',
    'global.Date.now();',
  ];
  const BY_THE_ONE_FETCH = [
    "fetch('https://some.example');",
    'const send = fetch;',
    'read({ fetch });',
    'read(fetch);',
    'const read = (send = fetch) => send(address);',
  ];
  const FINE = [
    'new Date(5);',
    'new Date(value);',
    "Date.parse('2026-11-20');",
    'Date.UTC(2026, 10, 20);',
    'value instanceof Date;',
    'const times = new Map<string, Date>();',
    'const at = (time: Date = new Date(0)): Date => time;',
    'Math.max(1, 2);',
    'const signal: AbortSignal = AbortSignal.any([]);',
    'clock.now();',
    'clock.random();',
    'clock.timeout(5);',
    "import { createHash, randomBytes } from 'node:crypto';",
    'randomBytes(32);',
    'type Timer = ReturnType<typeof setTimeout>;',
    'type Fetch = typeof fetch;',
    'type Global = typeof globalThis.fetch;',
    'type Options = { fetch: Fetch; performance: number };',
    'options.fetch(address);',
    'const options = { fetch: send };',
    'const { fetch: given } = options;',
    'const open = (fetch: Fetch) => fetch(address);',
    'const open = ({ fetch }: Options) => read({ fetch });',
    'function open(address: string, fetch: Fetch) { return fetch(address); }',
    'const open = function (fetch: Fetch) { return fetch(address); };',
    'const opener = { open(fetch: Fetch) { return fetch(address); } };',
    'class Opener { constructor(fetch: Fetch) { this.#fetch = fetch; } }',
    'class Opener { open(fetch: Fetch) { return fetch(address); } }',
  ];
  const lines = [...FROM_THE_CLOCK, ...BY_THE_ONE_FETCH, ...FINE];
  const files = [
    'shared/worker/some.ts',
    'shared/adapters/entra/some.ts',
    'shared/worker/stead.ts',
    'functions/some/some.ts',
    'functions/shared/stead.ts',
    'ops/some.ts',
    'ops/stead.ts',
    'ops/clock.ts',
    'ops/entra/some.ts',
  ];
  const refused = await refusedLines(
    'plugin',
    Object.fromEntries(
      [...files, 'shared/clock.ts', 'shared/createServices.ts', 'ops/entra/openGraph.ts', 'dev/some.ts'].map(
        (file) => [file, lines],
      ),
    ),
  );
  /** Each refused line of a file once, because a line may break the rule in two places. */
  const refusedIn = (file: string): string[] => [...new Set(refused[file])].sort();

  it.each(files)('are asked of the clock, and go through one fetch, in %s', (file) => {
    expect(refusedIn(file)).toEqual([...FROM_THE_CLOCK, ...BY_THE_ONE_FETCH].sort());
  });

  it('are asked of the platform in the clock alone, and sent by the door and the registrations alone', () => {
    expect(refusedIn('shared/clock.ts')).toEqual([...BY_THE_ONE_FETCH].sort());
    expect(refusedIn('shared/createServices.ts')).toEqual([...FROM_THE_CLOCK].sort());
    expect(refusedIn('ops/entra/openGraph.ts')).toEqual([...FROM_THE_CLOCK].sort());
    expect(refused['dev/some.ts']).toBeUndefined();
  });
});
