import { describe, expect, it } from 'vitest';
import { RequestMalformedError } from '../../../../shared/errors.ts';
import { readLinkBody } from '../../../../shared/serve/readLinkBody.ts';

const read = (body: unknown) =>
  readLinkBody(
    new Request('http://localhost/api/connection/link', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  );
const names = (count: number) => Array.from({ length: count }, (_, index) => `task-${index}`);

describe('readLinkBody', () => {
  it.each(['tasks', 'functions'])('takes 20 names of %s and no more, and says so', async (member) => {
    expect(await read({ [member]: names(20) })).toEqual({ [member]: names(20) });
    await expect(read({ [member]: names(21) })).rejects.toThrow(
      new RequestMalformedError(
        `"${member}" of the body has more than 20 names. Ask for the others with another link.`,
      ),
    );
  });

  it.each([[[]], 'x', { tasks: 'a' }, { functions: [7] }, { returnUrl: 7 }])('refuses %j', async (body) => {
    await expect(read(body)).rejects.toThrow('The body is not {"returnUrl"');
  });
});
