import { describe, expect, it } from 'vitest';
import { settingCommand } from '../../../../ops/cli/settingCommand.ts';

describe('settingCommand', () => {
  it('is one line that a person can paste', () => {
    const values = { API_URI: 'https://a.example', ENTRA_CLIENT_ID: '00000000-0000-4000-8000-000000000000' };
    expect(settingCommand(values)).toBe(
      'azd env set API_URI=https://a.example ENTRA_CLIENT_ID=00000000-0000-4000-8000-000000000000',
    );
  });

  it('leaves out what is empty', () => {
    expect(settingCommand({ A: '', B: '1' })).toBe('azd env set B=1');
  });

  it.each([
    '*',
    'a,b',
    'a b',
    '$HOME',
    '{api.appId}',
    '`a`',
  ])('quotes %j, which a shell would read', (value) => {
    expect(settingCommand({ A: value })).toBe(`azd env set 'A=${value}'`);
  });
});
