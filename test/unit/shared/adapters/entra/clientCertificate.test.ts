import { createHash, createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { selfSignedCertificate } from '../../../../../dev/selfSignedCertificate.ts';
import { readClientCertificate } from '../../../../../shared/adapters/entra/clientCertificate.ts';

const NOW = new Date('2026-11-20T09:00:00Z');
const DAY = 86_400_000;
const inDays = (days: number): Date => new Date(NOW.getTime() + days * DAY);
const own = selfSignedCertificate({ from: inDays(-1), to: inDays(30) });
const foreign = selfSignedCertificate({ from: inDays(-1), to: inDays(30), name: 'somebody else' });
const { certificate, privateKey } = own;
const keyPem = String(privateKey.export({ type: 'pkcs8', format: 'pem' }));
const encrypted = { cipher: 'aes-256-cbc', passphrase: 'canary' } as const;

const read = (text: string, now = NOW) => readClientCertificate(text, now);

describe('the test certificate', () => {
  it('is one that its own key verifies', () => {
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.checkPrivateKey(privateKey)).toBe(true);
    expect(certificate.subject).toBe('CN=Stead local only');
    expect(new Date(certificate.validTo)).toEqual(inDays(30));
  });
});

describe('readClientCertificate', () => {
  const SHA256 = createHash('sha256').update(certificate.raw).digest('hex');

  it.each([
    ['as it is', own.pem],
    ['the key first', `${keyPem}${certificate}`],
    ['with line breaks written out', own.pem.replaceAll('\n', '\\n')],
    ['with line breaks of Windows, written out', own.pem.replaceAll('\n', '\\r\\n')],
    ['with spaces for line breaks, as the portal makes them', own.pem.replaceAll('\n', ' ')],
    [
      'with the key in its older form',
      `${certificate}${privateKey.export({ type: 'pkcs1', format: 'pem' })}`,
    ],
    ['with text around it, as openssl writes it', `Bag Attributes\n  x: 1\n${own.pem}`],
  ])('takes PEM %s, and computes the thumbprint', (_, text) => {
    const result = read(text);
    expect(result).toEqual({
      ok: true,
      certificate: { thumbprintSha256: SHA256, privateKey: keyPem, chain: String(certificate) },
    });
  });

  it('puts the certificate of the key first, wherever its issuers stand', () => {
    const result = read(`${foreign.certificate}${own.pem}`);
    expect(result).toMatchObject({ certificate: { chain: `${certificate}${foreign.certificate}` } });
  });

  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const pss = generateKeyPairSync('rsa-pss', { modulusLength: 2_048 }).privateKey;
  const short = selfSignedCertificate({ keys: generateKeyPairSync('rsa', { modulusLength: 1_024 }) });
  const pkcs8 = (key: typeof ec) => String(key.export({ type: 'pkcs8', format: 'pem' }));
  it.each([
    ['a PKCS #12 of Key Vault', 'MIIKcanaryIBAzCCCicGCSqGSIb3DQEHAaCCChgEggoUMIIKEDCC', /is not PEM/],
    ['a key alone', keyPem, /has no certificate/],
    ['a certificate alone', String(certificate), /has no private key/],
    ['two keys', `${own.pem}${keyPem}`, /more than one private key/],
    [
      'an encrypted key',
      `${certificate}${privateKey.export({ type: 'pkcs8', format: 'pem', ...encrypted })}`,
      /is encrypted/,
    ],
    [
      'an encrypted key in its older form',
      `${certificate}${privateKey.export({ type: 'pkcs1', format: 'pem', ...encrypted })}`,
      /is encrypted/,
    ],
    [
      'a broken key',
      `${certificate}${keyPem.replace(/.{64}\n/, 'canary\n')}`,
      /private key that cannot be read/,
    ],
    [
      'a broken certificate',
      String(own.pem).replace(/.{64}\n/, 'canary\n'),
      /certificate that cannot be read/,
    ],
    ['an elliptic key', `${certificate}${pkcs8(ec)}`, /not RSA of 2048 bits or more/],
    ['a key for PSS alone', `${certificate}${pkcs8(pss)}`, /not RSA of 2048 bits or more/],
    ['a short key', short.pem, /not RSA of 2048 bits or more/],
    [
      'the key of another certificate',
      `${foreign.certificate}${keyPem}`,
      /does not belong to the certificate/,
    ],
  ])('refuses %s, and shows nothing of it', (_, text, problem) => {
    const result = read(text);
    expect(result).toMatchObject({ ok: false, problem: expect.stringMatching(problem) });
    const told = JSON.stringify(result);
    expect(told).not.toMatch(/canary|-----/);
    for (const line of text.split('\n').filter((part) => part.length > 20 && !part.startsWith('-')))
      expect(told).not.toContain(line);
  });

  it('refuses one that has expired, or is not valid yet, and says since when', () => {
    expect(read(own.pem, inDays(31))).toMatchObject({
      ok: false,
      problem: `expired on ${inDays(30).toISOString()}`,
    });
    expect(read(own.pem, inDays(-2))).toMatchObject({
      ok: false,
      problem: `is not valid before ${inDays(-1).toISOString()}`,
    });
  });

  it('gives a key that can sign', () => {
    const result = read(own.pem);
    expect(result.ok && createPrivateKey(result.certificate.privateKey).asymmetricKeyType).toBe('rsa');
  });
});
