/** How this API proves to Entra that it is the confidential client of its registration. */
export type ClientCredential =
  | { kind: 'secret'; secret: string }
  | { kind: 'certificate'; certificate: ClientCertificate }
  /** `identity`: the client id of a user-assigned identity, or `system` for the one that the app was given itself. */
  | { kind: 'managed-identity'; identity: string };

/** A certificate of the app registration, and its private key. */
export type ClientCertificate = {
  /** The SHA-256 of the certificate, in hex. */
  thumbprintSha256: string;
  /** PEM, PKCS #8. */
  privateKey: string;
  /** PEM of the certificate and, after it, of the other certificates that were given, such as its issuers. */
  chain: string;
};

/** The value of `ENTRA_MANAGED_IDENTITY_CLIENT_ID` that means the system-assigned identity. */
export const SYSTEM_IDENTITY = 'system';
