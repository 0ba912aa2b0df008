import { HttpRequest, InvocationContext } from '@azure/functions';
import { expect, it } from 'vitest';
import { photo } from '../../../functions/profile/photo.ts';
import { profile } from '../../../functions/profile/profile.ts';
import { readConfig } from '../../../shared/config.ts';
import { createFunctionHandlers, type FunctionHandlers } from '../../../shared/serve/functionHandlers.ts';
import { createStead } from '../../../shared/stead.ts';
import { memoryStores } from '../../../shared/stores/memory.ts';
import { createTestClock } from '../../../shared/testing/testClock.ts';

const GUID = '11111111-2222-4333-8444-555555555555';
const CONFIG = readConfig({
  ENTRA_TENANT_ID: GUID,
  ENTRA_CLIENT_ID: GUID,
  ENTRA_CLIENT_SECRET: 'not used here',
  TokenStore: 'UseDevelopmentStorage=true',
});

it.each([
  ['connection', ({ connection }: FunctionHandlers) => connection],
  ['profile', ({ asUser }: FunctionHandlers) => asUser(profile)],
  ['photo', ({ asUser }: FunctionHandlers) => asUser(photo)],
])("the time that a request for the %s takes is measured by the application's clock", async (_of, create) => {
  let asked = 0;
  const elapsed = (): number => {
    asked += 1;
    return asked * 60_000;
  };
  const clock = { ...createTestClock(), elapsed };
  const handler = create(createFunctionHandlers(createStead(CONFIG, { stores: memoryStores, clock })));
  const lines: unknown[] = [];
  const logHandler = (_level: unknown, line: unknown) => void lines.push(JSON.parse(String(line)));
  await handler(
    new HttpRequest({ method: 'GET', url: 'http://localhost/api' }),
    new InvocationContext({ functionName: 'some', logHandler }),
  );
  expect(lines).toEqual([expect.objectContaining({ code: 'TOKEN_MISSING', ms: 60_000 })]);
});
