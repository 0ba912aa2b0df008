/** A headless browser: one that is installed, else the one that came with `npm ci`. Nothing is downloaded. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Browser, chromium, type LaunchOptions } from 'playwright-core';

export type BrowserOptions = {
  /** Passes by installed browsers; false if left out. */
  bundled?: boolean;
};

const LAUNCH_TIMEOUT_MS = 30_000;

/** Keeps a browser from calling its vendor, and from asking for a graphics card. */
const FLAGS = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Where Playwright does not look by itself; it finds Chrome and Edge by their channel's name. */
const CHROMIUM_PATHS: Partial<Record<NodeJS.Platform, string[]>> = {
  linux: [
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/lib/chromium/chromium',
    '/snap/bin/chromium',
  ],
  darwin: ['/Applications/Chromium.app/Contents/MacOS/Chromium'],
  win32: [join(process.env.LOCALAPPDATA ?? '', 'Chromium', 'Application', 'chrome.exe')],
};

/**
 * Chrome, Edge or Chromium of this machine, else the Chromium inside `@sparticuz/chromium` (Linux on x64).
 * @throws Error that names everything tried and what to install
 */
export async function launchBrowser({ bundled = false }: BrowserOptions = {}): Promise<Browser> {
  const failures: string[] = [];
  const attempt = async (name: string, options: () => Promise<LaunchOptions>) => {
    try {
      // Playwright leaves the browser's sandbox off, which root and containers need; only our own pages are opened.
      return await chromium.launch({ args: FLAGS, timeout: LAUNCH_TIMEOUT_MS, ...(await options()) });
    } catch (error) {
      failures.push(`  ${name}: ${String(error).split('\n', 1)[0]}`);
      return undefined;
    }
  };

  if (!bundled) {
    for (const channel of ['chrome', 'msedge']) {
      const browser = await attempt(channel, async () => ({ channel }));
      if (browser) return browser;
    }
    for (const executablePath of CHROMIUM_PATHS[process.platform] ?? []) {
      if (!existsSync(executablePath)) {
        failures.push(`  ${executablePath}: not there`);
        continue;
      }
      const browser = await attempt(executablePath, async () => ({ executablePath }));
      if (browser) return browser;
    }
  }
  const browser = await attempt('@sparticuz/chromium', bundledChromium);
  if (browser) return browser;
  throw new Error(
    `No browser. Install Google Chrome, Microsoft Edge or Chromium. Tried:\n${failures.join('\n')}`,
  );
}

/** The package is made for a bare Lambda: it brings the libraries and fonts that a browser expects of its system. */
async function bundledChromium(): Promise<LaunchOptions> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error(`is built for Linux on x64, not for ${process.platform} on ${process.arch}`);
  }
  const folder = await unpackChromium();
  const libraries = [join(folder, 'al2023', 'lib'), process.env.LD_LIBRARY_PATH].filter(Boolean);
  return {
    executablePath: join(folder, 'chromium'),
    args: [...FLAGS, '--no-zygote'],
    env: { ...process.env, LD_LIBRARY_PATH: libraries.join(':'), FONTCONFIG_PATH: join(folder, 'fonts') },
  };
}

/** Unpacks once a version and user; several test processes may do so at the same time. */
async function unpackChromium(): Promise<string> {
  const entry = import.meta.resolve('@sparticuz/chromium');
  const manifest = JSON.parse(await readFile(new URL('../package.json', entry), 'utf8')) as {
    version: string;
  };
  const folder = join(tmpdir(), `stead-chromium-${manifest.version}-${userInfo().uid}`);
  if (existsSync(folder)) return folder;

  const staging = await mkdtemp(`${folder}-`);
  try {
    // The package unpacks into the temporary folder of its process, and its libraries only where it sees a Lambda.
    await promisify(execFile)(
      process.execPath,
      [
        '--input-type=module',
        '--eval',
        `import chromium from ${JSON.stringify(entry)}; await chromium.executablePath();`,
      ],
      { env: { ...process.env, TMPDIR: staging, AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs22.x' } },
    );
    // Its own looks where a Lambda has fonts; text without any has no height, and counts as invisible.
    await writeFile(join(staging, 'fonts', 'fonts.conf'), fontsConf(folder));
    await rename(staging, folder);
  } catch (error) {
    await rm(staging, { recursive: true, force: true });
    // Somebody else was faster: a folder that is not empty is not replaced.
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

const fontsConf = (folder: string): string => `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>${join(folder, 'fonts', 'fonts')}</dir>
  <cachedir>${join(folder, 'fonts-cache')}</cachedir>
</fontconfig>
`;
