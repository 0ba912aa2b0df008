import type { Plugin } from 'vite';

/** `config.json` names the API and the directory when the page runs, so a build can say no more than how to reach them. */
const REACHABLE = "'self' https: http://localhost:* http://127.0.0.1:*";

/** What the page needs, wherever it is hosted. `frame-ancestors` counts in a header alone. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  // Pico's icons are data URLs, a person's photo is a blob.
  "img-src 'self' data: blob:",
  `connect-src ${REACHABLE}`,
  // MSAL renews a sign-in in a hidden frame of the directory, which ends on a page of ours.
  `frame-src ${REACHABLE}`,
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** Puts the policy into every page that is built. */
export const contentSecurityPolicy = (): Plugin => ({
  name: 'content-security-policy',
  transformIndexHtml: () => [
    {
      tag: 'meta',
      attrs: { 'http-equiv': 'Content-Security-Policy', content: POLICY },
      injectTo: 'head-prepend',
    },
  ],
});
