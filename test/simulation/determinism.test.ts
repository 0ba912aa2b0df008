import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const OBSERVE = fileURLToPath(new URL('./observe.ts', import.meta.url));

async function observe(): Promise<{ told: string; kinds: string[] }> {
  const { stdout } = await promisify(execFile)(process.execPath, [OBSERVE, '3', '15']);
  return JSON.parse(stdout);
}

describe('the same seeds in two processes', () => {
  it('tell the same histories, word for word, and give the platform no work of its own', async () => {
    const [one, other] = await Promise.all([observe(), observe()]);
    expect(one.told).toBe(other.told);
    // No timer, no thread pool, no socket: nothing whose end depends on anything but what was asked.
    expect(['Immediate', 'Microtask', 'PROMISE', 'TickObject']).toEqual(expect.arrayContaining(one.kinds));
    expect(one.kinds).toContain('PROMISE');
  });
});
