import { describe, expect, it } from 'vitest';
import { RequestMalformedError } from '../../../../shared/errors.ts';
import { readJsonBody } from '../../../../shared/serve/readJsonBody.ts';

const JSON_TYPE = { 'content-type': 'application/json' };

const requestOf = (
  body: string | Uint8Array<ArrayBuffer> | ReadableStream | undefined,
  headers: Record<string, string> = JSON_TYPE,
) =>
  new Request('http://localhost/api/connection', {
    method: 'PUT',
    headers,
    ...(body !== undefined && { body, duplex: 'half' }),
  });

const read = (request: Request) => readJsonBody(request);

describe('readJsonBody', () => {
  it.each([
    'application/json',
    'Application/JSON; charset=utf-8',
    ' application/json ;x=y',
  ])('reads a body of the type %s', async (type) => {
    expect(await read(requestOf('{"a":["é"]}', { 'content-type': type }))).toEqual({ a: ['é'] });
  });

  it('has nothing for no body, whatever its type', async () => {
    expect(await read(requestOf(undefined, {}))).toBeUndefined();
    expect(await read(requestOf('', { 'content-type': 'text/html' }))).toBeUndefined();
  });

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'application/jsonp',
    'text/json',
    '',
  ])('refuses the type "%s"', async (type) => {
    await expect(read(requestOf('{}', { 'content-type': type }))).rejects.toThrow(/type application\/json/);
  });

  it.each(['{', 'undefined', ' ', '{"a":1}{', "{'a':1}"])('refuses what is no JSON: %s', async (body) => {
    await expect(read(requestOf(body))).rejects.toThrow(RequestMalformedError);
  });

  it('refuses what is no UTF-8', async () => {
    await expect(read(requestOf(new Uint8Array([0x22, 0xff, 0x22])))).rejects.toThrow(/not JSON/);
  });

  it('takes 1,024 bytes and no more', async () => {
    const text = (bytes: number) => JSON.stringify('x'.repeat(bytes - 2));
    expect(await read(requestOf(text(1_024)))).toHaveLength(1_022);
    await expect(read(requestOf(text(1_025)))).rejects.toThrow(/more than 1024 bytes/);
    // Bytes count, and not characters.
    await expect(read(requestOf(JSON.stringify('é'.repeat(512))))).rejects.toThrow(/more than 1024 bytes/);
  });

  it('does not begin to read what says that it is too much', async () => {
    const request = requestOf('{}', { ...JSON_TYPE, 'content-length': '1025' });
    await expect(read(request)).rejects.toThrow(/more than 1024 bytes/);
    expect(request.bodyUsed).toBe(false);
  });

  it('stops reading a body without an end', async () => {
    let sent = 0;
    let cancelled = false;
    const endless = new ReadableStream({
      pull(controller) {
        sent += 1;
        controller.enqueue(new Uint8Array(600).fill(0x20));
      },
      cancel() {
        cancelled = true;
      },
    });
    await expect(read(requestOf(endless))).rejects.toThrow(/more than 1024 bytes/);
    expect(cancelled).toBe(true);
    expect(sent).toBeLessThan(5);
  });

  it('does not call a body that breaks off a fault of its own', async () => {
    const broken = new ReadableStream({
      pull(controller) {
        controller.error(new Error('the connection was reset'));
      },
    });
    await expect(read(requestOf(broken))).rejects.toThrow(RequestMalformedError);
  });
});
