import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import type { Certificate } from '../../dev/certificate.ts';

/** From now on this process accepts the certificate for every connection, beside those that it accepts anyway. */
export function trustCertificate({ cert }: Certificate): void {
  setDefaultCACertificates([...getCACertificates('default'), cert]);
}
