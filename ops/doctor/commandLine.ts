import { UsageError } from '../cli/errors.ts';
import { readArguments } from '../cli/readArguments.ts';
import { readRegisterCommand } from '../entra/commandLine.ts';
import type { ProbeCommand } from './probe/runProbe.ts';

export type DoctorCommand = {
  json: boolean;
  /** The arguments that `npm run entra:register` takes, too. */
  register: readonly string[];
  /** The origin of the deployed functions. */
  apiUrl: string | undefined;
  /** The function app whose settings are read. */
  app: { name: string; resourceGroup: string } | undefined;
};

const flag = { type: 'boolean', default: false } as const;
const text = { type: 'string' } as const;
const texts = { type: 'string', multiple: true } as const;

/** Options of the registration, in the order in which a command shows them. */
const REGISTER = {
  name: text,
  'page-client-id': text,
  'page-url': texts,
  'no-page-url': flag,
  permission: texts,
  'managed-identity': text,
  'wake-worker': flag,
  'multi-tenant': flag,
  'admin-consent': flag,
} as const;
const OPTIONS = {
  ...REGISTER,
  'api-url': text,
  app: text,
  'resource-group': text,
  json: flag,
  probe: flag,
  'redirect-uri': text,
  'link-redirect-uri': text,
  life: text,
  unconsented: text,
  wait: text,
} as const;

const LONGEST_WAIT_S = 3_600;

/** @throws {UsageError} the command line is wrong; the message says what is allowed. */
export function readDoctorCommand(args: readonly string[]): DoctorCommand | { probe: ProbeCommand } {
  const { values } = readArguments(args, OPTIONS);
  const register = Object.keys(REGISTER).flatMap((name) =>
    [values[name as keyof typeof REGISTER] ?? []].flat().flatMap((value) => {
      if (typeof value === 'boolean') return value ? [`--${name}`] : [];
      return [`--${name}`, value];
    }),
  );
  // Both commands take the same of these.
  readRegisterCommand(register);
  const { probe, app, 'resource-group': resourceGroup } = values;
  if (probe) return { probe: readProbe(values) };
  const ofProbe = (['redirect-uri', 'link-redirect-uri', 'life', 'unconsented', 'wait'] as const).find(
    (name) => values[name] !== undefined,
  );
  if (ofProbe !== undefined) throw new UsageError(`--${ofProbe} needs --probe.`);
  if ((app === undefined) !== (resourceGroup === undefined)) {
    throw new UsageError('--app and --resource-group need each other.');
  }
  return {
    json: values.json,
    register,
    apiUrl: values['api-url'] === undefined ? undefined : readApiUrl(values['api-url']),
    app:
      app === undefined || resourceGroup === undefined
        ? undefined
        : {
            name: readAzureName('--app', app),
            resourceGroup: readAzureName('--resource-group', resourceGroup),
          },
  };
}

/** The form of an origin is the same as for `npm run entra:register`. */
function readApiUrl(value: string): string {
  return readRegisterCommand(['--api-url', value]).apiUrl;
}

/** The names are part of a command that is printed. */
function readAzureName(option: string, value: string): string {
  if (/^[\w.-]{1,90}$/.test(value)) return value;
  throw new UsageError(`${option} takes letters, digits, dots, hyphens and underscores, at most 90.`);
}

type ProbeValues = {
  'page-client-id'?: string;
  'redirect-uri'?: string;
  'link-redirect-uri'?: string;
  life?: string;
  unconsented?: string;
  wait?: string;
};

function readProbe(values: ProbeValues): ProbeCommand {
  const { wait = '300', unconsented = 'Notes.ReadWrite.All' } = values;
  if (!/^\d{1,4}$/.test(wait) || Number(wait) < 1 || Number(wait) > LONGEST_WAIT_S) {
    throw new UsageError(`--wait takes seconds, from 1 to ${LONGEST_WAIT_S}.`);
  }
  if (!/^[A-Za-z][\w.-]{1,99}$/.test(unconsented)) {
    throw new UsageError('--unconsented takes the name of a delegated permission, such as Mail.Read.');
  }
  const { 'link-redirect-uri': linkRedirectUri, life } = values;
  if (life === '') throw new UsageError('--life takes the name of a file.');
  return {
    pageClientId: values['page-client-id']?.toLowerCase(),
    redirectUri: readRedirectUri('--redirect-uri', values['redirect-uri'] ?? 'http://localhost:3000/'),
    linkRedirectUri:
      linkRedirectUri === undefined ? undefined : readRedirectUri('--link-redirect-uri', linkRedirectUri),
    life,
    unconsented,
    waitMs: Number(wait) * 1_000,
  };
}

function readRedirectUri(option: string, value: string): URL {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  const isHere = url?.protocol === 'http:' && url.hostname === 'localhost' && url.port !== '';
  if (url === undefined || !isHere || url.search + url.hash !== '') {
    throw new UsageError(`${option} takes http://localhost:<port>/ with a path, as it is registered.`);
  }
  return url;
}
