import { randomBytes, randomUUID } from 'node:crypto';
import { tableLines } from '../../ops/cli/printTable.ts';
import { readArguments } from '../../ops/cli/readArguments.ts';
import { createSealer } from '../../shared/adapters/entra/seal.ts';
import { toUserId, type UserId } from '../../shared/userId.ts';
import { type Benchmark, readCount } from '../benchmark.ts';
import { makeMsalCache, makeRefreshToken } from '../makeMsalCache.ts';
import { alternate, type Rounds, spreadOf, spreadText } from '../rounds.ts';
import { createSealParts, rawGcm, sealWithMasterKey } from './sealParts.ts';

/** Other APIs' tokens that make a cache of this size. */
const CACHES = [
  { name: '6 kB', otherApis: 0 },
  { name: '60 kB', otherApis: 22 },
];
const TIMES = 100;

type Measured = Awaited<ReturnType<typeof measure>>;

/** What sealing and opening a token cache costs, beside the cipher alone, and beside one key for all users. */
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
  const parts = createSealParts(secret, userId, cache, generation);
  const masterKey = sealWithMasterKey('bench', secret, userId);
  const sealedWithMasterKey = await masterKey(cache, generation);
  if (!(await sealer.open(userId, sealedWithMasterKey)).ok)
    throw new Error('The sealer does not open what an earlier release sealed.');

  const seal = await alternate(
    {
      sealer: () => sealer.seal(userId, cache, generation),
      raw: () => raw.encrypt(plaintext),
      masterKey: () => masterKey(cache, generation),
      ...parts.seal,
    },
    rounds,
  );
  const open = await alternate(
    {
      sealer: () => sealer.open(userId, sealed),
      raw: () => raw.decrypt(ciphered),
      masterKey: () => sealer.open(userId, sealedWithMasterKey),
      ...parts.open,
    },
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

type Part = 'userKey' | 'envelope' | 'base64url' | 'cipher';
type Subject = 'sealer' | 'raw' | 'masterKey' | Part;

function compare(measured: Record<Subject, number[]>) {
  const { sealer, raw, masterKey, userKey, envelope, base64url, cipher } = measured;
  const ratioTo = (other: number[]) => spreadOf(sealer.map((µs, round) => µs / (other[round] ?? Number.NaN)));
  return {
    sealer: spreadOf(sealer),
    raw: spreadOf(raw),
    ratio: ratioTo(raw),
    masterKey: spreadOf(masterKey),
    ratioToMasterKey: ratioTo(masterKey),
    parts: {
      userKey: spreadOf(userKey),
      envelope: spreadOf(envelope),
      base64url: spreadOf(base64url),
      cipher: spreadOf(cipher),
    },
  };
}

function linesOf(caches: readonly Measured[]): string[] {
  const rows = caches.flatMap(({ name, seal, open }) =>
    Object.entries({ seal, open }).map(([operation, compared]) => {
      const { sealer, raw, ratio, masterKey, ratioToMasterKey, parts } = compared;
      const { userKey, envelope, base64url, cipher } = parts;
      return [
        `${operation} ${name}`,
        ...[sealer, raw, ratio, masterKey, ratioToMasterKey].map(spreadText),
        ...[userKey, envelope, base64url, cipher].map(spreadText),
      ];
    }),
  );
  return [
    ...tableLines(
      [
        '',
        'sealer',
        'raw GCM',
        'ratio',
        'one key',
        'ratio',
        'user key',
        'JSON, UTF-8',
        'base64url',
        'cipher',
      ],
      rows,
    ),
    '',
    'µs for one: the median of the rounds (10th–90th percentile). "one key" is the same with one key for all users, as earlier',
    'releases sealed. The last four are what the sealer is made of.',
  ];
}
