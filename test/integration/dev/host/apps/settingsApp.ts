import { app } from '@azure/functions';

app.http('settings', {
  handler: (request) => ({
    jsonBody: Object.fromEntries([...request.query.keys()].map((name) => [name, process.env[name]])),
  }),
});
