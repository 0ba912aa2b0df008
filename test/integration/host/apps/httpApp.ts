import { app, type HttpResponseInit } from '@azure/functions';

app.http('item', {
  methods: ['GET'],
  route: 'items/{id:int:range(1,99)?}',
  handler: (request) => ({ jsonBody: request.params }),
});
app.http('code', {
  methods: ['GET'],
  route: 'codes/{code:regex(^[a-z]{{2}}$)}/{kind=any}',
  handler: (request) => ({ jsonBody: request.params }),
});
app.http('files', {
  methods: ['GET'],
  route: 'files/{folder}/{*rest}',
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
app.http('cookies', {
  methods: ['GET'],
  handler: () => ({
    cookies: [
      { name: 'a', value: 'b c', sameSite: 'Strict', httpOnly: true, secure: true, maxAge: 60 },
      { name: 'z', value: '1', path: '/z', expires: new Date('2030-01-02T03:04:05Z') },
    ],
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
app.http('badRoute', { route: 'bad/{id:unknown}', handler: () => ({ body: 'never' }) });
app.http('off', { handler: () => ({ body: 'never' }) });
app.storageQueue('queue', { queueName: 'q', connection: 'AzureWebJobsStorage', handler: () => {} });
