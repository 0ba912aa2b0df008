import { execFile } from 'node:child_process';
import type { RequestListener, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { UnavailableError } from '../../../../../shared/errors.ts';
import {
  answering,
  atNoon,
  failing,
  HOUR,
  MINUTE,
  NAMELESS,
  NEW,
  NEW_TOKEN,
  NOON,
  OLD,
  OLD_TOKEN,
  outcomesOf,
  publishing,
  SECOND,
  serve,
  sign,
  warmAtNoon,
} from './keysStage.ts';

describe('published keys', () => {
  it('are fetched once for all who wait for them first, and then not until they are ten minutes old', async () => {
    const { endpoint, clock, verify, outcome } = await atNoon(publishing(OLD.jwk, NEW.jwk));
    expect(endpoint.requests).toBe(0);
    expect(await outcomesOf(verify, [...Array(50).fill(OLD_TOKEN), ...Array(50).fill(NEW_TOKEN)])).toEqual([
      'verified',
    ]);
    expect(endpoint.requests).toBe(1);
    clock.at += 10 * MINUTE - 1;
    expect(await outcome(OLD_TOKEN)).toBe('verified');
    // A fetch in the background would have arrived before this one.
    await fetch(endpoint.uri);
    expect(endpoint.requests).toBe(2);
  });

  it('are fetched anew beside the requests, which do not wait for it', async () => {
    const { endpoint, clock, verify, outcome } = await warmAtNoon();
    const held: ServerResponse[] = [];
    endpoint.answer = (_request, response) => void held.push(response);
    clock.at += 10 * MINUTE;
    expect(await outcomesOf(verify, Array(100).fill(OLD_TOKEN))).toEqual(['verified']);
    await expect.poll(() => held.length).toBe(1);
    expect(endpoint.requests).toBe(2);

    const waiting = outcome(NEW_TOKEN);
    held[0]?.end(JSON.stringify({ keys: [NEW.jwk] }));
    expect(await waiting).toBe('verified');
    expect(await outcome(OLD_TOKEN)).toBe('unavailable');
    expect(endpoint.requests).toBe(2);
    endpoint.answer = publishing(NEW.jwk);
    clock.at += 30 * SECOND;
    expect(await outcome(OLD_TOKEN)).toBe('invalid');
    expect(endpoint.requests).toBe(3);
  });

  it('are fetched at once for a new key, as soon as the last attempt is 30 seconds old', async () => {
    const { endpoint, clock, outcome } = await warmAtNoon();
    endpoint.answer = publishing(NEW.jwk, OLD.jwk);
    clock.at += 30 * SECOND - 1;
    expect(await outcome(NEW_TOKEN)).toBe('unavailable');
    expect(endpoint.requests).toBe(1);
    clock.at += 1;
    expect(await outcome(NEW_TOKEN)).toBe('verified');
    expect(await outcome(OLD_TOKEN)).toBe('verified');
    expect(endpoint.requests).toBe(2);
  });

  it('are usable as far as they are RS256 keys for signatures; the others spoil nothing', async () => {
    const { n: _, ...broken } = NEW.jwk;
    const secret = { kty: 'oct', kid: 'secret', k: 'AAAA' };
    const forAnother = { ...NEW.jwk, kid: 'for-encryption', use: 'enc' };
    const ofAnother = { ...NEW.jwk, kid: 'of-another-algorithm', alg: 'PS256' };
    const { outcome, clock } = await atNoon(
      answering(200, { keys: [broken, secret, NAMELESS, forAnother, ofAnother, OLD.jwk] }),
    );
    expect(await outcome(OLD_TOKEN)).toBe('verified');
    for (const kid of ['new', 'for-encryption', 'of-another-algorithm']) {
      clock.at += 30 * SECOND;
      expect(await outcome(await sign(NEW, { kid }))).toBe('invalid');
    }
  });

  it('are fetched anew after the clock was set back', async () => {
    const { endpoint, clock, outcome } = await warmAtNoon();
    endpoint.answer = publishing(NEW.jwk);
    clock.at -= HOUR;
    expect(await outcome(NEW_TOKEN)).toBe('verified');
    expect(endpoint.requests).toBe(2);
  });

  it('hold no process alive, nor does the time-out of their fetch', async () => {
    const { uri } = await serve(publishing(OLD.jwk));
    const [jwks, clock] = ['adapters/entra/jwks.ts', 'clock.ts'].map(
      (file) => new URL(`../../../../../shared/${file}`, import.meta.url).href,
    );
    const script = `
      const { createJwks } = await import(${JSON.stringify(jwks)});
      const { systemClock: clock } = await import(${JSON.stringify(clock)});
      const find = createJwks({ uri: ${JSON.stringify(uri)}, timeoutMs: 600_000, fetch, clock });
      const { key } = await find({ alg: 'RS256', kid: 'old' });
      console.log(key.type);`;
    const run = promisify(execFile);
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script], {
      timeout: 25_000,
    });
    expect(stdout.trim()).toBe('public');
  });
});

describe('an outage of the keys', () => {
  it('leaves a cold start unavailable, asks once every 30 seconds, and ends with the first answer', async () => {
    const { endpoint, clock, verify, outcome } = await atNoon(failing);
    expect(await outcomesOf(verify, Array(100).fill(OLD_TOKEN))).toEqual(['unavailable']);
    expect(endpoint.requests).toBe(1);
    endpoint.answer = publishing(OLD.jwk);
    clock.at += 30 * SECOND - 1;
    expect(await outcome(OLD_TOKEN)).toBe('unavailable');
    expect(endpoint.requests).toBe(1);
    clock.at += 1;
    expect(await outcome(OLD_TOKEN)).toBe('verified');
    expect(endpoint.requests).toBe(2);
  });

  it('leaves known keys good for 24 hours from when they were fetched, and no longer', async () => {
    const { endpoint, clock, outcome } = await warmAtNoon();
    endpoint.answer = failing;
    for (let hour = 1; hour <= 23; hour += 1) {
      clock.at = NOON + hour * HOUR;
      expect(await outcome(OLD_TOKEN)).toBe('verified');
      expect(await outcome(NEW_TOKEN)).toBe('unavailable');
      expect(endpoint.requests).toBe(1 + hour);
    }
    clock.at = NOON + 24 * HOUR - MINUTE;
    expect(await outcome(OLD_TOKEN)).toBe('verified');
    clock.at = NOON + 24 * HOUR - 1;
    expect(await outcome(OLD_TOKEN)).toBe('verified');
    clock.at = NOON + 24 * HOUR;
    expect(await outcome(OLD_TOKEN)).toBe('unavailable');

    endpoint.answer = publishing(OLD.jwk);
    clock.at += 30 * SECOND;
    expect(await outcome(OLD_TOKEN)).toBe('verified');
  });

  it('says nothing against a token, and says why in its cause', async () => {
    const { verify } = await atNoon(failing);
    const error = await verify(OLD_TOKEN).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(UnavailableError);
    expect(error).toHaveProperty('cause.message', expect.stringContaining('200'));
  });

  it.each<[what: string, hang: RequestListener]>([
    ['no answer', () => undefined],
    ['an answer that never ends', (_request, response) => void response.writeHead(200).write('{"keys":[')],
  ])('that is %s takes its time-out and no more', async (_what, hang) => {
    const { endpoint, clock, verify, outcome } = await atNoon(hang, 1_000);
    expect(await outcomesOf(verify, [OLD_TOKEN, NEW_TOKEN])).toEqual(['unavailable']);
    expect(endpoint.requests).toBe(1);
    endpoint.answer = publishing(OLD.jwk);
    clock.at += 30 * SECOND;
    expect(await outcome(OLD_TOKEN)).toBe('verified');
  });

  it.each<[what: string, answer: RequestListener]>([
    ['a server error', failing],
    ['a missing page', answering(404, { keys: [NEW.jwk] })],
    ['a success of another kind', answering(203, { keys: [NEW.jwk] })],
    ['a page in HTML', answering(200, '<!doctype html><title>Down</title>', { 'content-type': 'text/html' })],
    ['JSON that is no key set', answering(200, { error: 'temporarily_unavailable' })],
    ['JSON that is null', answering(200, 'null')],
    ['a key set without keys', publishing()],
    ['a key set without a usable key', publishing({ ...NEW.jwk, use: 'enc' })],
    ['a key set whose key has no name', publishing(NAMELESS)],
    ['a closed connection', (request) => void request.socket.destroy()],
  ])('may look like %s', async (_what, answer) => {
    const cold = await atNoon(answer);
    expect(await cold.outcome(NEW_TOKEN)).toBe('unavailable');

    const warm = await warmAtNoon();
    warm.endpoint.answer = answer;
    warm.clock.at += HOUR;
    expect(await warm.outcome(NEW_TOKEN)).toBe('unavailable');
    expect(await warm.outcome(OLD_TOKEN)).toBe('verified');
  });

  it('may look like a redirect, which is not followed', async () => {
    const elsewhere = await serve(publishing(OLD.jwk));
    const { outcome } = await atNoon(answering(302, '', { location: elsewhere.uri }));
    expect(await outcome(OLD_TOKEN)).toBe('unavailable');
    expect(elsewhere.requests).toBe(0);
  });
});
