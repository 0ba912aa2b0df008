/** What the doctor says of the credential of the API, and of its end in the registration. */

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { selfSignedCertificate } from '../../../../dev/selfSignedCertificate.ts';
import { credentialCheck } from '../../../../ops/doctor/credentialCheck.ts';
import { registeredCredentialsCheck } from '../../../../ops/doctor/registeredCredentialsCheck.ts';
import { settingsCheck } from '../../../../ops/doctor/settingsCheck.ts';
import {
  addCertificate,
  addSecret,
  examined,
  inDays,
  type Stage,
  startStage,
  withAnswer,
} from './registeredStage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await startStage();
});
afterAll(() => stage.entra.close());

describe('credential', () => {
  it('is accepted', async () => {
    expect(await examined(credentialCheck, stage.settings)).toEqual([
      { state: 'ok', says: 'Entra accepts the client secret.' },
    ]);
  });

  it.each([
    ['unknown', () => 'another-secret', 'AADSTS7000215'],
    ['expired', () => addSecret(stage.entra, stage.apiId, inDays(-1)), 'AADSTS7000222'],
  ])('is wrong if the secret is %s, and says how to renew it', async (_what, secret, code) => {
    const settings = { ENTRA_CLIENT_SECRET: await secret() };
    const lines = await examined(credentialCheck, stage.settings, { settings });
    expect(lines).toEqual([
      {
        state: 'wrong',
        says: `Entra refuses the client secret (${code}).`,
        remedy: expect.stringContaining('ENTRA_CLIENT_SECRET'),
        command: `az ad app credential reset --id ${stage.apiId} --append --years 1`,
      },
    ]);
  });

  it.each([
    ['ENTRA_CLIENT_ID', 'AADSTS700016', /^az ad app show --id/],
    ['ENTRA_TENANT_ID', 'AADSTS90002', /^az account show/],
  ])('is not at fault if %s is wrong', async (setting, code, command) => {
    const settings = { [setting]: randomUUID() };
    expect(await examined(credentialCheck, stage.settings, { settings })).toEqual([
      {
        state: 'wrong',
        says: `Entra refuses the client secret (${code}).`,
        remedy: expect.stringContaining(setting),
        command: expect.stringMatching(command),
      },
    ]);
  });

  it('cannot be tried during an outage', async () => {
    const send = withAnswer(
      ({ pathname }) => pathname.endsWith('/token'),
      () => new Response('<html>', { status: 503 }),
    );
    expect(await examined(credentialCheck, stage.settings, { fetch: send })).toEqual([
      expect.objectContaining({ state: 'unreachable' }),
    ]);
  });

  it.each([
    [400, 'ok', /is valid until/],
    [29.5, 'warn', /in 29 days/],
  ])('is a certificate that ends in %d days', async (days, state, says) => {
    const { certificate, pem } = selfSignedCertificate({ to: inDays(days) });
    await addCertificate(stage.entra, stage.apiId, certificate);
    const settings = { ENTRA_CLIENT_SECRET: '', ENTRA_CLIENT_CERTIFICATE: pem };
    expect(await examined(credentialCheck, stage.settings, { settings })).toEqual([
      { state: 'ok', says: 'Entra accepts the certificate.' },
      expect.objectContaining({ state, says: expect.stringMatching(says) }),
    ]);
  });

  it('is wrong if the certificate is not in the registration', async () => {
    const { pem } = selfSignedCertificate();
    const settings = { ENTRA_CLIENT_SECRET: '', ENTRA_CLIENT_CERTIFICATE: pem };
    const [line] = await examined(credentialCheck, stage.settings, { settings });
    expect(line).toMatchObject({
      state: 'wrong',
      remedy: expect.stringMatching(/not in the app registration/),
    });
  });

  it('is skipped if it is an expired certificate, because the settings are wrong', async () => {
    const { pem } = selfSignedCertificate({ from: inDays(-9), to: inDays(-1) });
    const settings = { ENTRA_CLIENT_SECRET: '', ENTRA_CLIENT_CERTIFICATE: pem };
    expect(await examined(credentialCheck, stage.settings, { settings })).toEqual([
      expect.objectContaining({ state: 'skipped' }),
    ]);
    expect(await examined(settingsCheck, stage.settings, { settings })).toEqual([
      expect.objectContaining({
        state: 'wrong',
        says: expect.stringMatching(/^ENTRA_CLIENT_CERTIFICATE expired on/),
      }),
    ]);
  });

  it('is skipped for a managed identity, and says who can try it', async () => {
    const settings = { ENTRA_CLIENT_SECRET: '', ENTRA_MANAGED_IDENTITY_CLIENT_ID: 'system' };
    expect(await examined(credentialCheck, stage.settings, { settings })).toEqual([
      expect.objectContaining({ state: 'skipped', command: expect.stringContaining('--api-url') }),
    ]);
  });
});

describe('credential expiry', () => {
  it('is that of the secret in the registration', async () => {
    expect(await examined(registeredCredentialsCheck, stage.settings)).toContainEqual({
      state: 'ok',
      says: expect.stringMatching(/^The client secret is valid until \d{4}-\d\d-\d\d\.$/),
    });
  });

  it.each([
    [10.5, 'warn', /expires on .*, in 10 days/],
    [-1, 'wrong', /expired on/],
  ])('is in %d days', async (days, state, says) => {
    const ENTRA_CLIENT_SECRET = await addSecret(stage.entra, stage.apiId, inDays(days));
    const [line] = await examined(registeredCredentialsCheck, stage.settings, {
      settings: { ENTRA_CLIENT_SECRET },
    });
    expect(line).toMatchObject({
      state,
      says: expect.stringMatching(says),
      command: expect.stringMatching(/^az ad app/),
    });
  });

  it('is wrong if the registration has no such secret', async () => {
    const settings = { ENTRA_CLIENT_SECRET: '~~~ not one of them' };
    const [line] = await examined(registeredCredentialsCheck, stage.settings, { settings });
    expect(line).toMatchObject({
      state: 'wrong',
      says: expect.stringMatching(/^No client secret of the registration/),
    });
  });

  it('does not exist for a managed identity', async () => {
    const settings = { ENTRA_CLIENT_SECRET: '', ENTRA_MANAGED_IDENTITY_CLIENT_ID: 'system' };
    expect(await examined(registeredCredentialsCheck, stage.settings, { settings })).toEqual([
      expect.objectContaining({ state: 'ok' }),
    ]);
  });
});
