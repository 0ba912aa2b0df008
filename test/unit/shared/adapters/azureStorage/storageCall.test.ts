import { describe, expect, it } from 'vitest';
import { codeOf } from '../../../../../shared/adapters/azureStorage/storageCall.ts';

const restError = (parts: object): Error =>
  Object.assign(new Error('not for logs'), { name: 'RestError', statusCode: 403 }, parts);
const body = (bodyAsText: string) => ({ response: { bodyAsText } });

describe('the code of a storage error is found', () => {
  it.each<[where: string, parts: object]>([
    ['in the SDK’s own word', { code: 'AuthorizationFailure' }],
    ['in the header alone, as after HEAD', { details: { errorCode: 'AuthorizationFailure' } }],
    ['in a parsed body alone', { details: { odataError: { code: 'AuthorizationFailure' } } }],
    [
      'in a body that the SDK did not read',
      body(
        '{"odata.error":{"code":"AuthorizationFailure","message":{"lang":"en-US","value":"<code>No</code>"}}}',
      ),
    ],
    [
      'in a table service’s XML',
      body(
        '<m:error xmlns:m="urn:m"><m:code>AuthorizationFailure</m:code><m:message>No</m:message></m:error>',
      ),
    ],
    [
      'in a blob service’s XML',
      body('<Error><Code>AuthorizationFailure</Code><Message>No</Message></Error>'),
    ],
  ])('%s', (_, parts) => {
    expect(codeOf(restError(parts))).toBe('AuthorizationFailure');
  });

  it.each([
    {},
    body(''),
    body('<html>not for logs</html>'),
    body('{"odata.error":{"code":"not for logs"}}'),
    body('{"odata.error":"not for logs"}'),
    { code: 'https://account.example/not for logs', details: { odataError: { code: 5 } } },
  ])('nowhere, and then its name has to do: %j', (parts) => {
    expect(codeOf(restError(parts))).toBe('RestError');
  });
});
