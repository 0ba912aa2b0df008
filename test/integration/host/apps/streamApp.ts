import { app, type HttpResponseInit } from '@azure/functions';

app.setup({ enableHttpStream: true });

const gate = Promise.withResolvers<void>();
const breaking = Promise.withResolvers<void>();

app.http('stream', {
  methods: ['GET'],
  handler: () => ({
    headers: { 'content-type': 'text/event-stream' },
    body: new ReadableStream({
      async start(controller) {
        controller.enqueue(Buffer.from('first'));
        await gate.promise;
        controller.enqueue(Buffer.from('second'));
        controller.close();
      },
    }),
  }),
});
app.http('open', {
  handler: () => {
    gate.resolve();
    return { status: 202 };
  },
});
app.http('break', {
  handler: () => {
    breaking.resolve();
    return { status: 202 };
  },
});
app.http('breaks', {
  handler: () => ({
    body: new ReadableStream({
      async start(controller) {
        controller.enqueue(Buffer.from('first'));
        await breaking.promise;
        throw new Error('the stream broke');
      },
    }),
  }),
});
app.http('upload', {
  methods: ['PUT'],
  route: 'upload/{name}',
  handler: async (request) => {
    let size = 0;
    for await (const chunk of request.body ?? []) size += chunk.length;
    return {
      status: 201,
      jsonBody: { size, name: request.params.name, url: request.url, x: request.headers.get('x-two') },
      cookies: [
        { name: 'a', value: '1' },
        { name: 'b', value: '2' },
      ],
    };
  },
});
app.http('throws', {
  handler: () => {
    throw new Error('the handler failed');
  },
});
app.http('nothing', { handler: () => undefined as unknown as HttpResponseInit });
