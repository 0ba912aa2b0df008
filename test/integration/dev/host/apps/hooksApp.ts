import { app } from '@azure/functions';

app.hook.appStart((context) => {
  context.hookData.started = 'yes';
});
app.hook.appTerminate((context) => {
  process.stdout.write(`appTerminate, started: ${context.hookData.started}\n`);
});
app.hook.preInvocation((context) => {
  context.hookData.seen = context.invocationContext.functionName;
  if (context.invocationContext.functionName !== 'hooked') return;
  context.inputs.push('added');
  const handler = context.functionHandler;
  context.functionHandler = async (...inputs) => ({ jsonBody: [await handler(...inputs)] });
});
app.hook.postInvocation((context) => {
  const { functionName } = context.invocationContext;
  if (functionName === 'hooked') context.result = { jsonBody: [context.hookData.seen, context.result] };
  if (functionName === 'mended') {
    context.error = null;
    context.result = { status: 418 };
  }
});
app.hook.log((context) => {
  if (context.message.includes('hook fails')) throw new Error('the log hook failed');
  context.message = context.message.replace('password', '***');
  if (context.message.includes('louder')) context.level = 'error';
});

app.http('hooked', {
  handler: ((_: unknown, added: unknown) => added) as never,
});
app.http('mended', {
  handler: () => {
    throw new Error('mended by a hook');
  },
});
app.http('logs', {
  handler: (_, context) => {
    context.log('an object', { a: [1] }, 'and %s');
    context.warn('two\nlines\r\n[2026-01-01T00:00:00.000Z] error forged line');
    context.debug('not seen');
    context.log('password');
    context.log('louder');
    context.log('hook fails');
    return { body: context.invocationId };
  },
});
app.http('never', {
  handler: (_, context) => {
    context.log('began');
    return new Promise(() => {});
  },
});
app.http('late', {
  handler: () => {
    app.http('tooLate', { handler: () => ({}) });
    return {};
  },
});
