import { app, type HttpFunctionOptions, type HttpResponseInit, output } from '@azure/functions';

app.http('item', {
  methods: ['GET'],
  route: 'items/{id}',
  handler: (request) => ({ jsonBody: request.params }),
});
app.http('parts', {
  methods: ['GET'],
  route: 'items/{id}/parts/{part}',
  handler: (request) => ({ jsonBody: request.params }),
});
app.http('request', {
  methods: ['GET', 'POST'],
  handler: (request) => ({
    jsonBody: {
      url: request.url,
      method: request.method,
      query: [...request.query],
      headers: Object.fromEntries(request.headers),
    },
  }),
});
app.http('echo', {
  methods: ['PUT'],
  handler: async (request) => ({
    status: 201,
    headers: { 'content-type': 'application/octet-stream' },
    body: await request.arrayBuffer(),
  }),
});
app.http('onlyHead', { methods: ['HEAD'], handler: () => ({ headers: { 'x-head': 'yes' } }) });
app.http('throws', {
  handler: () => {
    throw new Error('the handler failed');
  },
});
app.http('nothing', { handler: () => undefined as unknown as HttpResponseInit });
app.http('notAnObject', { handler: () => 'text' as unknown as HttpResponseInit });
app.http('twinB', { methods: ['GET', 'POST'], route: 'twin', handler: () => ({ body: 'B' }) });
app.http('TwinA', { methods: ['GET'], route: 'twin', handler: () => ({ body: 'A' }) });
app.http('constrained', { route: 'constrained/{id:int}', handler: () => ({ body: 'never' }) });
app.http('retried', {
  retry: { strategy: 'fixedDelay', maxRetryCount: 1, delayInterval: 0 },
  handler: () => ({ body: 'never' }),
} as HttpFunctionOptions);
app.http('outputs', {
  extraOutputs: [output.storageBlob({ path: 'b/{rand-guid}', connection: 'AzureWebJobsStorage' })],
  handler: () => ({ body: 'never' }),
});
app.http('off', { handler: () => ({ body: 'never' }) });
app.storageBlob('blob', { path: 'b/{name}', connection: 'AzureWebJobsStorage', handler: () => {} });
