import http from 'node:http';
import { buffer } from 'node:stream/consumers';

export type Answer = { status: number; headers: http.IncomingHttpHeaders; body: Buffer };

/** Sends a request just as it is given: fetch joins headers, forbids some and normalizes paths. */
export async function send(
  port: number,
  path: string,
  options: { method?: string; headers?: http.OutgoingHttpHeaders | string[]; body?: Buffer | string } = {},
): Promise<Answer> {
  const { body, ...rest } = options;
  const request = http.request({ host: '127.0.0.1', port, path, agent: false, ...rest });
  const answered = new Promise<http.IncomingMessage>((resolve, reject) =>
    request.once('response', resolve).once('error', reject),
  );
  request.end(body);
  const response = await answered;
  return { status: response.statusCode ?? 0, headers: response.headers, body: await buffer(response) };
}
