import { describe, expect, it } from 'vitest';
import { runAppForTest, startFailure, waitForLines } from './runApp.ts';

const withSettings = (settings: string | object) => ({
  app: 'settingsApp.ts',
  files: { 'local.settings.json': settings },
});
const read = async (origin: string, ...names: string[]) =>
  (await fetch(`${origin}/api/settings?${names.map((name) => `${name}=`).join('&')}`)).json();

describe('local.settings.json', () => {
  it('fills the environment, which wins; the log names the key and shows no value', async () => {
    const host = await runAppForTest(
      withSettings({ IsEncrypted: false, Values: { A: 'from file', B: 'from file' } }),
      {
        env: { B: 'from environment' },
      },
    );
    expect(await read(host.origin, 'A', 'B')).toEqual({ A: 'from file', B: 'from environment' });
    await waitForLines(host, /Executed 'settings'/);
    expect(host.lines.filter((line) => line.includes("Setting '"))).toEqual([
      expect.stringMatching(/ information host Setting 'B' is taken from the environment/),
    ]);
    expect(host.lines.join('\n')).not.toMatch(/from file|from environment/);
  });

  it('may have a byte order mark and comments, but not inside strings', async () => {
    const text = '\uFEFF{ // first\n "Values": { /* a\n b */ "URL": "http://a/*b*/", "Q": "\\"//" } }';
    const host = await runAppForTest(withSettings(text));
    expect(await read(host.origin, 'URL', 'Q')).toEqual({ URL: 'http://a/*b*/', Q: '"//' });
  });

  it('is ignored altogether without settings', async () => {
    const host = await runAppForTest(withSettings('malformed'), { settings: false });
    expect(await read(host.origin, 'A')).toEqual({});
  });

  it('is not needed, and the app learns where and how it runs', async () => {
    const host = await runAppForTest({ app: 'settingsApp.ts' });
    expect(await read(host.origin, 'AZURE_FUNCTIONS_ENVIRONMENT', 'AzureWebJobsScriptRoot', 'TZ')).toEqual({
      AZURE_FUNCTIONS_ENVIRONMENT: 'Development',
      AzureWebJobsScriptRoot: expect.stringContaining('host-app-'),
      TZ: 'UTC',
    });
  });

  it('chooses the port by Host.LocalHttpPort only when none is given', async () => {
    const host = await runAppForTest(withSettings({ Host: { LocalHttpPort: 1 } }));
    expect(host.port).toBeGreaterThan(1);
  });

  it.each([
    ['{ "Values": {\n  "A": "secret"\n  "B": "secret" } }', /not valid JSON \(line 3, column 3\)/],
    ['{ "Values": { "A": "secret", } }', /not valid JSON \(line 1, column 30\)/],
    ['{ "Values": { "A": "C:\\secret" } }', /not valid JSON \(line 1, column 20\).*single backslash/],
    ['{ "Values": { "A": "secret" }', /not valid JSON \(line 1, column 30\)/],
    ['', /not valid JSON \(line 1, column 1\)/],
    ['["secret"]', /must hold a JSON object/],
    [{ IsEncrypted: true, Values: { A: 'secret' } }, /encrypted/],
    [{ Values: 'secret' }, /"Values" must be an object of strings/],
    [{ Values: { A: true } }, /"A" is a boolean\. Put it in quotes/],
    [{ Values: { A: { B: 'secret' } } }, /"A" is an object\. Write it as a string of JSON/],
    [{ Values: { A: null } }, /"A" is null/],
    [{ Host: [] }, /"Host" must be an object/],
    [{ Host: { LocalHttpPort: '7071' } }, /"Host.LocalHttpPort" must be a number/],
    [{ Host: { CORS: ['*'] } }, /"Host.CORS" must be a string/],
    [{ Host: { CORSCredentials: 'true' } }, /"Host.CORSCredentials" must be true or false/],
  ])('stops the start with a reason when it is %j', async (content, reason) => {
    const failure = await startFailure(withSettings(content));
    expect(failure).toMatch(reason);
    expect(failure).toMatch(/ error host .*local\.settings\.json/);
    expect(failure).not.toContain('secret');
  });
});
