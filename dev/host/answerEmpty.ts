import type { ServerResponse } from 'node:http';

/** Answers with a status and no body. */
export function answerEmpty(response: ServerResponse, status: number): void {
  // Unlike writeHead, this leaves Node to set the length.
  response.statusCode = status;
  response.end();
}
