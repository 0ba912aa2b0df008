import type { Context, Middleware } from '@microsoft/microsoft-graph-client';

/** Graph's own refusals have less than a kilobyte; of anything larger the status and the headers say enough. */
const MAX_BYTES = 65_536;

/**
 * Gives every refusal the body that Microsoft's client expects. The client keeps the status and the headers of an answer
 * only if its body is Graph's own JSON, and what a gateway or a proxy sends is not.
 */
export class ReadableRefusals implements Middleware {
  readonly #onRefusal: (response: Response) => void;
  #next: Middleware | undefined;

  /** @param onRefusal is given each refusal; its body may not be read */
  constructor(onRefusal: (response: Response) => void) {
    this.#onRefusal = onRefusal;
  }

  async execute(context: Context): Promise<void> {
    await this.#next?.execute(context);
    const { response } = context;
    if (response === undefined || response.status < 400) return;
    this.#onRefusal(response);
    const headers = new Headers(response.headers);
    headers.set('Content-Type', 'application/json');
    const body = JSON.stringify({ error: readError(await readText(response)) });
    context.response = new Response(body, { status: response.status, headers });
  }

  setNext(next: Middleware): void {
    this.#next = next;
  }
}

/** The body, or nothing if it is too large, breaks off or does not end in time: the answer's head has arrived. */
async function readText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  try {
    for await (const chunk of response.body ?? []) {
      bytes += chunk.byteLength;
      if (bytes > MAX_BYTES) return '';
      text += decoder.decode(chunk, { stream: true });
    }
    return text + decoder.decode();
  } catch {
    return '';
  }
}

/** What Graph's JSON says (https://learn.microsoft.com/graph/errors), in the types that the client relies on. */
function readError(text: string): { code?: string; message: string; innerError?: object } {
  const { error } = parseObject(text);
  if (!isObject(error)) return { message: '' };
  const { code, message, innerError } = error;
  return {
    ...(typeof code === 'string' && code !== '' && { code }),
    message: typeof message === 'string' ? message : '',
    ...(isObject(innerError) && { innerError }),
  };
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
