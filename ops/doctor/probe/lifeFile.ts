import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import type { Config } from '../../../shared/config.ts';
import { PlainError } from '../../cli/errors.ts';
import { readObject } from '../../cli/readObject.ts';
import type { Life } from './lives.ts';

/** The file that keeps refresh tokens between two runs of the probe. */
export type LifeFile = {
  /** @returns undefined if there is no file. @throws {PlainError} it is another one, or of another API or credential. */
  read(): Promise<readonly Life[] | undefined>;
  write(lives: readonly Life[]): Promise<void>;
};

const IV_BYTES = 12;
const TAG_BYTES = 16;

/**
 * It is sealed with a key that is made of the API's own credential. Without the credential nobody could use the refresh tokens
 * of a confidential client, and who has it opens the file.
 * @throws {PlainError} the credential is a managed identity.
 */
export function openLifeFile(path: string, entra: Config['entra']): LifeFile {
  const key = keyOf(entra);
  return {
    async read() {
      const sealed = await readFile(path).catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined;
        throw new PlainError(`${path} cannot be read (${error.code}).`);
      });
      if (sealed === undefined) return undefined;
      const { lives } = readObject(open(sealed, key, path));
      if (Array.isArray(lives)) return lives as Life[];
      throw new PlainError(notOurs(path));
    },
    async write(lives) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv('aes-256-gcm', key, iv);
      const content = Buffer.concat([cipher.update(JSON.stringify({ lives })), cipher.final()]);
      const sealed = Buffer.concat([iv, cipher.getAuthTag(), content]);
      try {
        await writeFile(`${path}.new`, sealed, { mode: 0o600 });
        await rename(`${path}.new`, path);
      } catch (error) {
        throw new PlainError(`${path} cannot be written (${(error as NodeJS.ErrnoException).code}).`);
      }
    },
  };
}

function open(sealed: Buffer, key: Buffer, path: string): string {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, IV_BYTES));
    decipher.setAuthTag(sealed.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
    const content = decipher.update(sealed.subarray(IV_BYTES + TAG_BYTES));
    return Buffer.concat([content, decipher.final()]).toString();
  } catch {
    throw new PlainError(notOurs(path));
  }
}

const notOurs = (path: string): string =>
  `${path} was not written by the probe, or with another credential of the API. Give another name, and begin anew.`;

function keyOf({ clientId, credential }: Config['entra']): Buffer {
  if (credential.kind === 'managed-identity') {
    throw new PlainError('The probe needs a client secret or a certificate.');
  }
  const secret = credential.kind === 'secret' ? credential.secret : credential.certificate.privateKey;
  return Buffer.from(hkdfSync('sha256', secret, clientId, 'lives of the probe', 32));
}
