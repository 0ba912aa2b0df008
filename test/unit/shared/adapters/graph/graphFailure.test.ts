import { describe, expect, it } from 'vitest';
import { readThrottleScope } from '../../../../../shared/adapters/graph/graphFailure.ts';

const APP = '9a3d526c-b3c1-4479-ba74-197b5c5751ae';
const ID = '0785ef7c-2d7a-4542-b048-95bcab406e0b';

describe('readThrottleScope', () => {
  it.each([
    [`Tenant_Application/ReadWrite/${APP}/${ID}`, 'tenant'],
    [`Tenant/Read/${APP}/${ID}`, 'tenant'],
    [`tenant_application/Write/${APP}/${ID}`, 'tenant'],
    ['Tenant_Application/ReadWrite/17s', 'tenant'],
    ['Tenant', 'tenant'],
    [`Application/ReadWrite/${APP}`, 'application'],
    [` APPLICATION/Read/${APP}/${ID}`, 'application'],
    [`User/ReadWrite/${APP}/${ID}`, undefined],
    [`Mailbox_Application/Read/${APP}/${ID}`, undefined],
    ['constructor/Read', undefined],
    ['/', undefined],
    ['', undefined],
    [null, undefined],
  ])('reads %j as %s', (header, scope) => {
    expect(readThrottleScope(header)).toBe(scope);
  });
});
