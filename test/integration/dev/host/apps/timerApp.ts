import { app } from '@azure/functions';

const daily = '0 30 2 * * *';
let running = 0;

app.timer('starts', {
  schedule: daily,
  runOnStartup: true,
  handler: (timer, context) => context.log(`starts ${JSON.stringify(timer)}`),
});
app.timer('hourly', {
  schedule: '0 0 * * * *',
  handler: (timer, context) => context.log(`hourly ${JSON.stringify(timer)}`),
});
app.timer('unmonitored', {
  schedule: '*/30 * * * * *',
  handler: (timer, context) => context.log(`unmonitored ${JSON.stringify(timer)}`),
});
app.timer('slow', {
  schedule: '%SLOW_SCHEDULE%',
  handler: async (_, context) => {
    running++;
    context.log(`running ${running}`);
    await new Promise((resolve) => setTimeout(resolve, 1100));
    running--;
  },
});
app.timer('fails', {
  schedule: daily,
  handler: () => {
    throw new Error('the timer failed');
  },
});
app.timer('retries', {
  schedule: daily,
  retry: { strategy: 'fixedDelay', maxRetryCount: 2, delayInterval: 0 },
  handler: () => {},
});
app.timer('nextYear', {
  schedule: `0 0 0 1 ${((new Date().getUTCMonth() + 10) % 12) + 1} *`,
  handler: () => {},
});
app.timer('unresolved', { schedule: '%NOT_SET%', handler: () => {} });
app.timer('malformed', { schedule: 'every day', handler: () => {} });
app.timer('off', { schedule: daily, runOnStartup: true, handler: () => {} });
const gate = Promise.withResolvers<void>();
app.timer('gated', { schedule: daily, handler: () => gate.promise });
app.http('open', {
  handler: () => {
    gate.resolve();
    return { status: 204 };
  },
});
