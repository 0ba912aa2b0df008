import { InvocationContext } from '@azure/functions';
import { describe, expect, it } from 'vitest';
import { type Answer, answered } from '../../../../shared/http.ts';
import { createTestClock } from '../../../../shared/testing/testClock.ts';

async function answer(result: Omit<Answer, 'facts'>) {
  const context = new InvocationContext({ functionName: 'photo', logHandler: () => {} });
  const response = await answered(context, createTestClock(), async () => ({ ...result, facts: {} }));
  return { response, headers: new Headers(response.headers as Record<string, string>) };
}

describe('a result', () => {
  it('without a body is 204, and nothing is said of its type', async () => {
    const { response, headers } = await answer({});
    expect(response.status).toBe(204);
    expect(response.body).toBeUndefined();
    expect(headers.get('content-type')).toBeNull();
    expect(headers.get('cache-control')).toBe('no-store');
  });

  it('of bytes is answered as what they are, and must not be taken for anything else', async () => {
    const data = new Uint8Array([0, 255]);
    const { response, headers } = await answer({ bytes: { type: 'image/png', data } });
    expect(response).toMatchObject({ status: 200, body: data });
    expect(headers.get('content-type')).toBe('image/png');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('cache-control')).toBe('no-store');
  });
});
