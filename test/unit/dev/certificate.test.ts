import { createPrivateKey, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createCertificate } from '../../../dev/certificate.ts';

const NOW = new Date('2026-11-20T09:00:00Z');

describe('a certificate', () => {
  it('is for this machine, for a day, and signed by itself', () => {
    const { key, cert } = createCertificate(NOW);
    const read = new X509Certificate(cert);
    expect(read.checkHost('localhost')).toBe('localhost');
    expect(read.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(read.checkHost('elsewhere.example')).toBeUndefined();
    expect([new Date(read.validFrom), new Date(read.validTo)]).toEqual([
      new Date('2026-11-19T09:00:00Z'),
      new Date('2026-11-21T09:00:00Z'),
    ]);
    expect(read.ca).toBe(true);
    expect(read.verify(read.publicKey)).toBe(true);
    expect(read.checkPrivateKey(createPrivateKey(key))).toBe(true);
  });

  it('is different each time, whatever its random bytes are', () => {
    const all = Array.from({ length: 20 }, () => new X509Certificate(createCertificate(NOW).cert));
    expect(new Set(all.map(({ serialNumber }) => serialNumber)).size).toBe(all.length);
    for (const { serialNumber } of all) expect(serialNumber).not.toMatch(/^-/);
  });
});
