import { randomBytes, randomUUID } from 'node:crypto';
import { tableLines } from '../../ops/cli/printTable.ts';
import { readArguments } from '../../ops/cli/readArguments.ts';
import { createSealer } from '../../shared/adapters/entra/seal.ts';
import { toUserId, type UserId } from '../../shared/userId.ts';
import { type Benchmark, readCount } from '../benchmark.ts';
import { makeMsalCache, makeRefreshToken } from '../makeMsalCache.ts';
import { alternate, type Rounds, spreadOf, spreadText } from '../rounds.ts';
import { createSealParts, rawGcm } from './sealParts.ts';

/** Other APIs' tokens that make a cache of this size. */
const CACHES = [
  { name: '6 kB', otherApis: 0 },
  { name: '60 kB', otherApis: 22 },
];
const TIMES = 100;

type Measured = Awaited<ReturnType<typeof measure>>;

/** What sealing and opening a token cache costs, beside the cipher alone. */
export const sealBenchmark: Benchmark = {
  about: 'sealing and opening a token cache, beside plain AES-256-GCM',
  options: '[--rounds 30]',

  async run(args, tell) {
    const { values } = readArguments(args, { rounds: { type: 'string', default: '30' } });
    const rounds = { rounds: readCount('--rounds', values.rounds), times: TIMES };
    const caches: Measured[] = [];
    for (const { name, otherApis } of CACHES) {
      tell(`${name}: ${rounds.rounds} rounds`);
      caches.push(await measure(name, otherApis, rounds));
    }
    return { results: { unit: 'µs', ...rounds, caches }, lines: linesOf(caches) };
  },
};

async function measure(name: string, otherApis: number, rounds: Rounds) {
  const { userId, cache } = makeCache(otherApis);
  const generation = randomUUID();
  const secret = new Uint8Array(randomBytes(32));
  const sealer = createSealer([{ kid: 'bench', secret }]);
  const sealed = await sealer.seal(userId, cache, generation);
  const opened = await sealer.open(userId, sealed);
  if (!opened.ok || opened.cache !== cache)
    throw new Error('The sealer does not give back what it was given.');
  const raw = rawGcm(secret);
  const plaintext = Buffer.from(cache);
  const ciphered = raw.encrypt(plaintext);
  const parts = await createSealParts(secret, cache, generation);

  const seal = await alternate(
    {
      sealer: () => sealer.seal(userId, cache, generation),
      raw: () => raw.encrypt(plaintext),
      ...parts.seal,
    },
    rounds,
  );
  const open = await alternate(
    { sealer: () => sealer.open(userId, sealed), raw: () => raw.decrypt(ciphered), ...parts.open },
    rounds,
  );
  return {
    name,
    bytes: plaintext.length,
    sealedBytes: sealed.length,
    seal: compare(seal),
    open: compare(open),
  };
}

function makeCache(otherApis: number): { userId: UserId; cache: string } {
  const user = { tid: randomUUID(), oid: randomUUID() };
  const now = Math.floor(Date.now() / 1_000);
  const cache = makeMsalCache(
    { ...user, clientId: randomUUID(), environment: 'login.windows.net' },
    { refreshToken: makeRefreshToken(user.oid), cachedAt: now, expiresOn: now + 3_600, otherApis },
  );
  return { userId: toUserId(user), cache };
}

type Part = 'envelope' | 'base64url' | 'webCrypto';

function compare({ sealer, raw, envelope, base64url, webCrypto }: Record<'sealer' | 'raw' | Part, number[]>) {
  return {
    sealer: spreadOf(sealer),
    raw: spreadOf(raw),
    ratio: spreadOf(sealer.map((µs, round) => µs / (raw[round] ?? Number.NaN))),
    parts: {
      envelope: spreadOf(envelope),
      base64url: spreadOf(base64url),
      webCrypto: spreadOf(webCrypto),
    },
  };
}

function linesOf(caches: readonly Measured[]): string[] {
  const rows = caches.flatMap(({ name, seal, open }) =>
    Object.entries({ seal, open }).map(([operation, { sealer, raw, ratio, parts }]) => [
      `${operation} ${name}`,
      ...[sealer, raw, ratio, parts.envelope, parts.base64url, parts.webCrypto].map(spreadText),
    ]),
  );
  return [
    ...tableLines(['', 'sealer', 'raw GCM', 'ratio', 'JSON, UTF-8', 'base64url', 'WebCrypto'], rows),
    '',
    'µs for one: the median of the rounds (10th–90th percentile). The last three are what the sealer is made of.',
  ];
}
