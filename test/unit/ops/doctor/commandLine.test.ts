import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../../ops/cli/errors.ts';
import { readDoctorCommand } from '../../../../ops/doctor/commandLine.ts';

describe('the command line of the doctor', () => {
  it('needs nothing', () => {
    expect(readDoctorCommand([])).toEqual({ json: false, register: [], apiUrl: undefined, app: undefined });
  });

  it('passes on what the registration takes, in one order', () => {
    const args = [
      '--permission',
      'Mail.Read',
      '--page-url',
      'https://one.example',
      '--page-url',
      'https://two.example',
      '--wake-worker',
    ];
    expect(readDoctorCommand(args)).toMatchObject({
      register: [
        '--page-url',
        'https://one.example',
        '--page-url',
        'https://two.example',
        '--permission',
        'Mail.Read',
        '--wake-worker',
      ],
    });
  });

  it('passes on the flags that the registration takes', () => {
    const args = ['--no-page-url', '--multi-tenant', '--admin-consent'];
    expect(readDoctorCommand(args)).toMatchObject({ register: args });
  });

  it('reads the address of the app, and where its settings are', () => {
    const args = [
      '--api-url',
      'https://api.example/',
      '--app',
      'mine',
      '--resource-group',
      'group-1',
      '--json',
    ];
    expect(readDoctorCommand(args)).toMatchObject({
      json: true,
      apiUrl: 'https://api.example',
      app: { name: 'mine', resourceGroup: 'group-1' },
    });
  });

  it('reads the probe', () => {
    expect(readDoctorCommand(['--probe'])).toEqual({
      probe: {
        pageClientId: undefined,
        redirectUri: new URL('http://localhost:3000/'),
        unconsented: 'Notes.ReadWrite.All',
        waitMs: 300_000,
      },
    });
  });

  it.each([
    [['--app', 'mine'], /--app and --resource-group need each other/],
    [['--app', 'a;b', '--resource-group', 'g'], /--app takes letters/],
    [['--api-url', 'http://api.example'], /--api-url takes an origin/],
    [['--page-client-id', 'page'], /--page-client-id takes a GUID/],
    [['--page-url', 'http://page.example'], /--page-url takes/],
    [['--unconsented', 'Mail.Read'], /--unconsented needs --probe/],
    [['--probe', '--wait', '0'], /--wait takes seconds/],
    [['--probe', '--wait', '3601'], /--wait takes seconds/],
    [['--probe', '--unconsented', 'https://graph.microsoft.com/Mail.Read'], /--unconsented takes the name/],
    [['--probe', '--redirect-uri', 'https://page.example/'], /--redirect-uri takes http:\/\/localhost/],
    [['--probe', '--redirect-uri', 'http://localhost:3000/?a=1'], /--redirect-uri takes/],
    [['--probe', '--redirect-uri', 'http://localhost/'], /--redirect-uri takes/],
    [['--fix'], /--fix/],
  ])('refuses %j', (args, message) => {
    const read = () => readDoctorCommand(args);
    expect(read).toThrow(UsageError);
    expect(read).toThrow(message);
  });
});
