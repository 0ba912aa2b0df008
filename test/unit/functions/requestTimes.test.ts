import { HttpRequest, InvocationContext } from '@azure/functions';
import { expect, it } from 'vitest';
import { createConnectionHandler } from '../../../functions/connection/handler.ts';
import { photo } from '../../../functions/profile/photo.ts';
import { profile } from '../../../functions/profile/profile.ts';
import { createUserHandler } from '../../../functions/userHandler.ts';
import { readConfig } from '../../../shared/config.ts';
import { createStead, type Stead } from '../../../shared/stead.ts';
import { createTestClock } from '../../../shared/testing/testClock.ts';

const GUID = '11111111-2222-4333-8444-555555555555';
const CONFIG = readConfig({
  ENTRA_TENANT_ID: GUID,
  ENTRA_CLIENT_ID: GUID,
  ENTRA_CLIENT_SECRET: 'not used here',
  TokenStore: 'UseDevelopmentStorage=true',
});

it.each([
  ['connection', createConnectionHandler],
  ['profile', (stead: Stead) => createUserHandler(stead)(profile)],
  ['photo', (stead: Stead) => createUserHandler(stead)(photo)],
])("the time that a request for the %s takes is measured by the application's clock", async (_of, create) => {
  let asked = 0;
  const elapsed = (): number => {
    asked += 1;
    return asked * 60_000;
  };
  const handler = create(createStead(CONFIG, { clock: { ...createTestClock(), elapsed } }));
  const lines: unknown[] = [];
  const logHandler = (_level: unknown, line: unknown) => void lines.push(JSON.parse(String(line)));
  await handler(
    new HttpRequest({ method: 'GET', url: 'http://localhost/api' }),
    new InvocationContext({ functionName: 'some', logHandler }),
  );
  expect(lines).toEqual([expect.objectContaining({ code: 'TOKEN_MISSING', ms: 60_000 })]);
});
