import { randomUUID } from 'node:crypto';

export const TENANT_ID = '5ead0000-0000-4000-8000-0000000000be';

/** The functions' settings, for services on that origin. Their keys are made of the account's name. */
export const settingsFor = (origin: string) => ({
  ENTRA_TENANT_ID: TENANT_ID,
  ENTRA_CLIENT_ID: '5ead0000-0000-4000-8000-0000000000c1',
  ENTRA_CLIENT_SECRET: `bench~${randomUUID()}`,
  ENTRA_AUTHORITY: origin,
  TokenStore: [
    'DefaultEndpointsProtocol=http',
    'AccountName=bench',
    `AccountKey=${Buffer.from('nobody checks it').toString('base64')}`,
    `BlobEndpoint=${origin}/blob`,
    `TableEndpoint=${origin}/table`,
  ].join(';'),
});

export type Settings = ReturnType<typeof settingsFor>;
