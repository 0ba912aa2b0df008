import { type ChildProcess, fork } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { PlainError } from '../ops/cli/errors.ts';
import type { Certificate } from './certificate.ts';

export type AzuritePorts = { blob: number; queue: number; table: number };

export type AzuriteOptions = {
  /** The folder that keeps data between runs. It is created if it is missing. Undefined keeps everything in memory. */
  folder?: string;
  /** TCP ports on 127.0.0.1, 0 = any free one. Default: three free ones. */
  ports?: AzuritePorts;
  /**
   * Serves https with this certificate, and accepts tokens beside keys: it looks at a token's issuer, audience and times, and
   * at nothing else. Default: http, and keys alone.
   */
  certificate?: Certificate;
  /** Called with every line that Azurite writes to stdout or stderr. */
  onLine?: (line: string) => void;
};

export type Azurite = {
  /** For the account `devstoreaccount1`; on ports 10000 to 10002 the same as `UseDevelopmentStorage=true`. */
  connectionString: string;
  /** The certificate that it serves https with. */
  certificate: Certificate | undefined;
  ports: AzuritePorts;
  pid: number;
  /** Lets Azurite save its data and end, by force after 6 s. May be called again. */
  stop(): Promise<void>;
};

/** Another program listens on a port that we need. */
export class PortTakenError extends PlainError {
  override readonly name = 'PortTakenError';
  readonly code = 'EADDRINUSE';
  readonly port: number;

  constructor(port: number) {
    super(`Port ${port} is taken by another program`);
    this.port = port;
  }
}

const ACCOUNT = 'devstoreaccount1';
/**
 * This key is public and the same everywhere: https://learn.microsoft.com/azure/storage/common/storage-connect-azurite
 */
const ACCOUNT_KEY =
  'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==';
const ANY_PORTS: AzuritePorts = { blob: 0, queue: 0, table: 0 };
const STOP_PATIENCE_MS = 6_000;
const LAST_WORDS = 20;
const LISTENING = /^Azurite (Blob|Queue|Table) service is successfully listening at \S+:(\d+)$/;

/**
 * Runs the azurite package in a child process on loopback, and resolves when blobs, queues and tables are served.
 * The child ignores Ctrl-C in the terminal, and ends when this process ends.
 * @throws {PortTakenError} one of the ports is taken.
 * @throws Error with Azurite's last lines if it ends before it serves.
 */
export async function startAzurite(options: AzuriteOptions = {}): Promise<Azurite> {
  if (options.folder !== undefined) await mkdir(options.folder, { recursive: true });
  const { certificate } = options;
  const tls = certificate === undefined ? undefined : await writeCertificate(certificate);
  const child = fork(
    fileURLToPath(import.meta.resolve('./azuriteProcess.ts')),
    [...commandLine(options.ports ?? ANY_PORTS, options.folder), ...(tls?.args ?? [])],
    {
      cwd: options.folder ?? tmpdir(),
      env: environment(),
      execArgv: [],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    },
  );
  // Not 'close': Node does not emit it once this side has disconnected.
  const exited = new Promise((resolve) => child.once('exit', resolve));
  // Azurite reads the files when it starts.
  const ports = await served(child, options.onLine).finally(() => tls?.remove());
  return {
    connectionString: connectionStringOf(ports, certificate === undefined ? 'http' : 'https'),
    certificate,
    ports,
    pid: child.pid ?? 0,
    async stop() {
      // Windows has no signal that a program can handle. Closing the IPC channel works on every system.
      if (child.connected) child.disconnect();
      const force = setTimeout(() => child.kill('SIGKILL'), STOP_PATIENCE_MS);
      await exited;
      clearTimeout(force);
    },
  };
}

/** Azurite takes a certificate and its key as files only. */
async function writeCertificate({ key, cert }: Certificate) {
  const folder = await mkdtemp(join(tmpdir(), 'stead-azurite-'));
  const files = { key: join(folder, 'key.pem'), cert: join(folder, 'cert.pem') };
  await writeFile(files.key, key, { mode: 0o600 });
  await writeFile(files.cert, cert);
  return {
    args: [`--key=${files.key}`, `--cert=${files.cert}`, '--oauth=basic'],
    remove: () => rm(folder, { recursive: true }),
  };
}

function commandLine(ports: AzuritePorts, folder: string | undefined): string[] {
  return [
    ...(['blob', 'queue', 'table'] as const).flatMap((service) => [
      `--${service}Host=127.0.0.1`,
      `--${service}Port=${ports[service]}`,
    ]),
    ...(folder === undefined ? ['--inMemoryPersistence'] : [`--location=${folder}`]),
    '--silent',
    // The storage SDKs use API versions that are newer than every Azurite.
    '--skipApiVersionCheck',
    '--disableTelemetry',
  ];
}

/** Our environment without the variables that would give Azurite other accounts or another database. */
function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^AZURITE_/i.test(name)));
}

function served(child: ChildProcess, onLine: AzuriteOptions['onLine']): Promise<AzuritePorts> {
  return new Promise((resolve, reject) => {
    const ports: Partial<AzuritePorts> = {};
    const lastWords: string[] = [];
    for (const input of [child.stdout, child.stderr]) {
      if (input === null) continue;
      createInterface({ input }).on('line', (line) => {
        lastWords.push(line);
        if (lastWords.length > LAST_WORDS) lastWords.shift();
        onLine?.(line);
        const [, service, port] = LISTENING.exec(line) ?? [];
        if (service !== undefined) ports[service.toLowerCase() as keyof AzuritePorts] = Number(port);
        const { blob, queue, table } = ports;
        if (blob !== undefined && queue !== undefined && table !== undefined) resolve({ blob, queue, table });
      });
    }
    child.once('error', reject);
    child.once('close', (code) => {
      const said = lastWords.join('\n');
      const taken = /EADDRINUSE\D+(?:[\d.]+:)(\d+)/.exec(said)?.[1];
      if (taken !== undefined) reject(new PortTakenError(Number(taken)));
      else reject(new Error(`Azurite ended with code ${code} before it served:\n${said}`));
    });
  });
}

/** The connection string of an Azurite on these ports, even before it runs. */
export function connectionStringOf(ports: AzuritePorts, protocol: 'http' | 'https' = 'http'): string {
  const endpoint = (port: number) => `${protocol}://127.0.0.1:${port}/${ACCOUNT}`;
  return [
    `DefaultEndpointsProtocol=${protocol}`,
    `AccountName=${ACCOUNT}`,
    `AccountKey=${ACCOUNT_KEY}`,
    `BlobEndpoint=${endpoint(ports.blob)}`,
    `QueueEndpoint=${endpoint(ports.queue)}`,
    `TableEndpoint=${endpoint(ports.table)}`,
    '',
  ].join(';');
}
