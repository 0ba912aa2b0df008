import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
const OBSERVE = fileURLToPath(new URL('./observe.ts', import.meta.url));

async function observe(): Promise<{ told: string; kinds: string[] }> {
  const { stdout } = await promisify(execFile)(process.execPath, [OBSERVE, '3', '15']);
  return JSON.parse(stdout);
}

async function jsonOf(seed: string): Promise<{ facts: object; time: object }> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    MAIN,
    '--json',
    '--seeds',
    '5',
    '--seed',
    seed,
  ]);
  const { time, ...facts } = JSON.parse(stdout);
  return { facts, time };
}

describe('the same seeds in two processes', { timeout: 120_000 }, () => {
  it('tell the same histories, word for word, and give the platform no work of its own', async () => {
    const [one, other] = await Promise.all([observe(), observe()]);
    expect(one.told).toBe(other.told);
    // No timer, no thread pool, no socket: nothing whose end depends on anything but what was asked.
    expect(['Immediate', 'Microtask', 'PROMISE', 'TickObject']).toEqual(expect.arrayContaining(one.kinds));
    expect(one.kinds).toContain('PROMISE');
  });

  it('give the same JSON document, but for its member `time`', async () => {
    const [one, other] = await Promise.all([jsonOf('7'), jsonOf('7')]);
    expect(one.facts).toEqual(other.facts);
    expect(one.facts).toMatchObject({ seed: 7, seeds: 5 });
    expect(Object.keys(one.time)).toEqual(['ms', 'historiesPerSecond', 'stepsPerSecond']);
    expect((await jsonOf('8')).facts).not.toEqual(one.facts);
  });
});
