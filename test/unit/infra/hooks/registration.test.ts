import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { registeredBy, registerOptions } from '../../../../infra/hooks/registration.ts';

const TENANT = '22222222-2222-4333-8444-555555555555';
const ID = '11111111-2222-4333-8444-555555555555';
const NAMES = ['ENTRA_TENANT_ID', 'ENTRA_CLIENT_ID', 'SPA_CLIENT_ID', 'REGISTER_APPLICATIONS'];

beforeEach(() => {
  for (const name of NAMES) vi.stubEnv(name, '');
  vi.stubEnv('AZURE_ENV_NAME', 'fresh');
});
afterEach(() => {
  vi.unstubAllEnvs();
});

it.each<[string, Record<string, string>, RegExp]>([
  ['one id of two', { ENTRA_CLIENT_ID: ID }, /^ENTRA_TENANT_ID and SPA_CLIENT_ID of the azd environment/],
  ['no id, and may not register', { REGISTER_APPLICATIONS: 'false' }, /REGISTER_APPLICATIONS is false/],
  ['a switch that is neither', { REGISTER_APPLICATIONS: 'no' }, /^REGISTER_APPLICATIONS has to be/],
  ['a name that no registration may have', { AZURE_ENV_NAME: 'a_b' }, /^Applications cannot be .* "a_b"\./],
])('says what to set if the environment has %s', (_what, values, sentence) => {
  for (const [name, value] of Object.entries(values)) vi.stubEnv(name, value);
  expect(() => registerOptions(TENANT)).toThrow(sentence);
});

it.each<[string, Record<string, string>, string]>([
  ['nothing is there', {}, 'here'],
  ['the hook has noted it', { ENTRA_CLIENT_ID: ID, REGISTER_APPLICATIONS: 'true' }, 'here'],
  ['all ids are given', { ENTRA_TENANT_ID: TENANT, ENTRA_CLIENT_ID: ID, SPA_CLIENT_ID: TENANT }, 'elsewhere'],
])('knows who registers if %s', (_what, values, by) => {
  for (const [name, value] of Object.entries(values)) vi.stubEnv(name, value);
  expect(registeredBy()).toBe(by);
});
