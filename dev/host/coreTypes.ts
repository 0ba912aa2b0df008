/**
 * The part of `@azure/functions-core` that `@azure/functions` 4.x uses. Azure's Node worker injects that module; it
 * is not on npm, so its shapes are written down here.
 */

export type LogLevel = 'trace' | 'debug' | 'information' | 'warning' | 'error' | 'critical' | 'none';
export type LogCategory = 'user' | 'system' | 'customMetric';

export type Binding = { type: string; direction: 'in' | 'out' } & Record<string, unknown>;

export type FunctionMetadata = {
  name: string;
  functionId?: string;
  /** By binding name. The trigger's name is generated; an HTTP result is `$return`. */
  bindings: Record<string, Binding>;
  /** A retry policy, which this host does not run: see `planFunctions.ts`. */
  retryOptions?: unknown;
};

export type FunctionCallback = (...inputs: unknown[]) => unknown;

type NullableStrings = Record<string, { value: string }>;

/** An HTTP request as the host sends it to the worker. Header names are in lower case. */
export type HttpRequestData = {
  method: string;
  url: string;
  nullableHeaders: NullableStrings;
  nullableQuery: NullableStrings;
  nullableParams: NullableStrings;
  body?: { bytes: Uint8Array };
};

/** The library also has `cookies`, which this host does not send. */
export type HttpResponseData = {
  statusCode: string;
  headers: Record<string, string>;
  body?: { bytes?: Uint8Array };
};

export type InputData = { json: string } | { string: string } | { http: HttpRequestData };

/** What the host tells a function of its trigger. */
export type TriggerMetadata = Record<string, { string: string } | { json: string }>;

/** A value of an output binding, in one of the forms that the library gives. */
export type OutputData = {
  string?: string;
  json?: string;
  bytes?: Uint8Array;
  int?: number;
  double?: number;
};

export type InvocationRequest = {
  invocationId: string;
  functionId: string;
  inputData: { name: string; data: InputData }[];
  /** The library shows it to neither HTTP nor timer functions. */
  triggerMetadata: TriggerMetadata;
  traceContext: { traceParent: string; traceState: string; attributes: Record<string, string> };
};

export type InvocationResponse = {
  returnValue?: { http?: HttpResponseData } | null;
  outputData?: { name: string; data: OutputData }[];
};

export type CoreInvocationContext = {
  invocationId: string;
  metadata: FunctionMetadata;
  request: InvocationRequest;
  state: 'preInvocationHooks' | 'invocation' | 'postInvocationHooks' | undefined;
  log(level: LogLevel, category: LogCategory, message: string): void;
};

export type InvocationModel = {
  getArguments(): Promise<{ context: unknown; inputs: unknown[] }>;
  invokeFunction(context: unknown, inputs: unknown[], callback: FunctionCallback): Promise<unknown>;
  getResponse(context: unknown, result: unknown): Promise<InvocationResponse>;
};

export type ProgrammingModel = {
  name: string;
  version: string;
  getInvocationModel(context: CoreInvocationContext): InvocationModel;
  /** Adds the library's own capabilities; `HttpUri` is its streaming server's address. */
  getCapabilities(capabilities: Record<string, string>): Promise<Record<string, string>>;
};

export type HookName = 'appStart' | 'appTerminate' | 'preInvocation' | 'postInvocation' | 'log';
export type HookContext = { hookData: Record<string, unknown> } & Record<string, unknown>;
export type HookCallback = (context: HookContext) => unknown;
