/** How often an open page asks for its connection; the page's clock is moved, not waited for. */
import type { Page, Request } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { connections } from './connections.ts';
import { pageForTests, problem } from './pageUnderTest.ts';

const STEP_SECONDS = 5;

const app = pageForTests();

type Asking = { page: Page; asks: () => number; isAnswered: () => Promise<void> };

/** A signed-in page that has its connection, with a clock that can be moved from then on. */
async function openWithClock(shown: string): Promise<Asking> {
  const page = await app.open();
  await app.signIn(page);
  // What this load asks for is not counted.
  await page.getByText(shown).first().waitFor();
  await app.settled();
  await page.clock.install();
  // From now on the clock is moved by the test alone, however slow the machine is.
  await page.clock.pauseAt(Number(await page.evaluate('Date.now()')) + 5_000);
  const asked = new Set<Request>();
  let answers = 0;
  page.on('request', (request) => {
    if (request.url().endsWith('/api/connection')) asked.add(request);
  });
  page.on('requestfinished', (request) => {
    if (asked.has(request)) answers += 1;
  });
  await page.reload();
  await page.getByText(shown).first().waitFor();
  // Before and after the visit.
  await expect.poll(() => answers).toBe(2);
  return { page, asks: () => asked.size, isAnswered: () => expect.poll(() => answers).toBe(asked.size) };
}

/** Moves the clock, and lets the page take note. */
async function pass(page: Page, seconds: number): Promise<void> {
  await page.clock.runFor(seconds * 1_000);
  await page.evaluate('1');
}

/** Seconds of the page's clock that pass before it asks again. */
async function untilNextAsk({ page, asks, isAnswered }: Asking, atMost: number): Promise<number> {
  const before = asks();
  for (let passed = STEP_SECONDS; passed <= atMost; passed += STEP_SECONDS) {
    await pass(page, STEP_SECONDS);
    if (asks() === before) continue;
    // An answer that takes its time must not be outrun by the clock: the page would give it up.
    await isAnswered();
    return passed;
  }
  throw new Error(`the page did not ask within ${atMost} s`);
}

async function setVisibility(page: Page, state: 'visible' | 'hidden'): Promise<void> {
  await page.evaluate(`Object.defineProperty(document, 'visibilityState', { value: '${state}', configurable: true });
    document.dispatchEvent(new Event('visibilitychange'))`);
}

describe('an open page', () => {
  it('asks before and after the visit when it is loaded, and then about twice a minute', async () => {
    const asking = await openWithClock('All set');
    expect(asking.asks()).toBe(2);
    for (let time = 0; time < 4; time += 1) {
      expect(await untilNextAsk(asking, 120)).toBeGreaterThanOrEqual(25);
    }
    expect(asking.asks()).toBe(6);
  });

  it('asks sooner when the next check is due soon', async () => {
    // Eight seconds from each answer: a sign-in on a busy machine takes longer.
    const nextCheckAt = () => new Date(Date.now() + 8_000).toISOString();
    app.answer({ connection: (c) => c.json({ ...connections.seen(), nextCheckAt: nextCheckAt() }) });
    const asking = await openWithClock('Next check');
    expect(await untilNextAsk(asking, 25)).toBeLessThan(30);
  });

  it('asks ever more seldom while there is no answer, and says that what it shows is old', async () => {
    const asking = await openWithClock('All set');
    app.answer({ connection: problem('UNAVAILABLE', 503) });
    expect(await untilNextAsk(asking, 120)).toBeGreaterThanOrEqual(25);
    await asking.page.getByText('This may be out of date').waitFor();
    for (const [least, most] of [
      [25, 90],
      [55, 180],
      [115, 300],
      [235, 480],
    ] as const) {
      expect(await untilNextAsk(asking, most)).toBeGreaterThanOrEqual(least);
    }
    app.answerWell();
    await untilNextAsk(asking, 480);
    await asking.page.getByText('This may be out of date').waitFor({ state: 'detached' });
    expect(asking.asks()).toBe(8);
  });

  it('that nobody can see does not ask, and asks at once when it is seen again', async () => {
    const { page, asks } = await openWithClock('All set');
    await setVisibility(page, 'hidden');
    await pass(page, 600);
    expect(asks()).toBe(2);
    await setVisibility(page, 'visible');
    await expect.poll(asks).toBe(3);
  });
});
