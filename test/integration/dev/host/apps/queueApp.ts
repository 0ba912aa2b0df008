import { app, output } from '@azure/functions';

const queue = { queueName: 'work', connection: 'Store' };
const work = output.storageQueue(queue);
let running = 0;
let gate = Promise.withResolvers<void>();

app.http('send', {
  methods: ['POST'],
  extraOutputs: [work],
  handler: async (request, context) => {
    context.extraOutputs.set(work, await request.json());
    return { status: 204 };
  },
});
app.http('sendNothing', {
  methods: ['POST'],
  extraOutputs: [work],
  handler: () => ({ status: 204 }),
});
app.http('open', {
  methods: ['POST'],
  handler: () => {
    gate.resolve();
    gate = Promise.withResolvers<void>();
    return { status: 204 };
  },
});
app.storageQueue('worker', {
  ...queue,
  handler: async (message, context) => {
    running += 1;
    context.log(`running ${running} ${JSON.stringify(message)}`);
    try {
      if (message === 'fail') throw new Error(`try ${context.triggerMetadata?.dequeueCount}`);
      if (message === 'wait') await gate.promise;
    } finally {
      running -= 1;
    }
  },
});
app.storageQueue('unnamed', { queueName: 'other', connection: 'Nowhere', handler: () => {} });
app.storageQueue('off', { ...queue, handler: () => {} });
