/** `npm run azure:smoke`, which azd runs after it has deployed. */
import { setTimeout as delay } from 'node:timers/promises';
import { PlainError, UsageError } from '../../ops/cli/errors.ts';
import { readArguments } from '../../ops/cli/readArguments.ts';
import { runCommand } from '../../ops/cli/runCommand.ts';
import { optional, readOrigin } from './readOutput.ts';

const USAGE = `Usage: npm run azure:smoke [-- --wait SECONDS]

Asks the API at API_URI whether it lives, whether its functions are there and
refuse a request without an access token, and whether the page at PAGE_URI, if
there is one, may call it and calls no other. Needs no sign-in.

  --wait SECONDS   how long the app may take to start (default: 180)
  --help           shows this text
`;

const PAUSE_MS = 5_000;
const ANSWER_MS = 30_000;

/** A route of each function for which an access token is needed. */
const PROTECTED = ['/api/profile', '/api/profile/photo', '/api/connection'];

type Check = { says: string; run: () => Promise<void> };

await runCommand(USAGE, async (args) => {
  const { values } = readArguments(args, { wait: { type: 'string', default: '180' } });
  if (!/^\d{1,4}$/.test(values.wait)) throw new UsageError('--wait takes a number of seconds.');
  const api = readOrigin('API_URI');
  const page = optional('PAGE_URI') === '' ? undefined : readOrigin('PAGE_URI');
  await untilItLives(`${api}/api/health`, Number(values.wait) * 1_000);
  pass('GET /api/health answers 204');
  for (const { says, run } of checksOf(api, page)) {
    await run();
    pass(says);
  }
  return 0;
});

function checksOf(api: string, page: string | undefined): Check[] {
  const ofApi = PROTECTED.map((route) => ({
    says: `GET ${route} without an access token answers 401`,
    run: () => expectStatus(`${api}${route}`, 401),
  }));
  if (page === undefined) return ofApi;
  return [
    ...ofApi,
    { says: `CORS lets ${page} call the API`, run: () => expectCors(api, page) },
    { says: 'config.json of the page names this API', run: () => expectPage(page, api) },
  ];
}

/**
 * Waits for the answer 204.
 * @throws {PlainError} there was none in time.
 */
async function untilItLives(url: string, patienceMs: number): Promise<void> {
  for (let waitedMs = 0; ; waitedMs += PAUSE_MS) {
    const answer = await statusOf(url).catch((error: PlainError) => error);
    if (answer === 204) return;
    if (waitedMs + PAUSE_MS > patienceMs) {
      if (answer instanceof PlainError) throw answer;
      const hint = answer === 404 ? ' The app has no functions: its log says why.' : '';
      throw new PlainError(`${url} answers ${answer}, and not 204.${hint}`);
    }
    await delay(PAUSE_MS);
  }
}

async function expectStatus(url: string, wanted: number): Promise<void> {
  const status = await statusOf(url);
  if (status !== wanted) throw new PlainError(`${url} answers ${status}, and not ${wanted}.`);
}

async function expectCors(api: string, page: string): Promise<void> {
  const headers = {
    origin: page,
    'access-control-request-method': 'GET',
    'access-control-request-headers': 'authorization',
  };
  const response = await ask(`${api}/api/profile`, { method: 'OPTIONS', headers });
  const allowed = response.headers.get('access-control-allow-origin');
  if (allowed === page) return;
  throw new PlainError(
    `The API lets ${allowed ?? 'no other origin'} call it, and not ${page}: PAGE_URI has to be its only origin under CORS.`,
  );
}

async function expectPage(page: string, api: string): Promise<void> {
  const response = await ask(`${page}/config.json`);
  const config: unknown = response.ok ? await response.json().catch(() => undefined) : undefined;
  if (Object(config).apiBaseUrl === api) return;
  throw new PlainError(`${page}/config.json does not name ${api} as "apiBaseUrl": deploy the page again.`);
}

async function statusOf(url: string): Promise<number> {
  return (await ask(url)).status;
}

async function ask(url: string, init: RequestInit = {}): Promise<Response> {
  try {
    return await fetch(url, { ...init, redirect: 'manual', signal: AbortSignal.timeout(ANSWER_MS) });
  } catch {
    throw new PlainError(`${url} gives no answer.`);
  }
}

function pass(says: string): void {
  process.stdout.write(`ok  ${says}\n`);
}
