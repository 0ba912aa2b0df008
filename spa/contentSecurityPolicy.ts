import type { Plugin } from 'vite';

/** `config.json` names the API and the directory at run time, so the build does not know their origins. */
const REACHABLE = "'self' https: http://localhost:* http://127.0.0.1:*";

/** What the page needs on every host. `frame-ancestors` is missing because it works only in a header. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  // Pico's icons are data URLs, and a person's photo is a blob.
  "img-src 'self' data: blob:",
  `connect-src ${REACHABLE}`,
  // MSAL renews a sign-in in a hidden frame. It shows the directory first, and then our redirect.html.
  `frame-src ${REACHABLE}`,
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** Writes the policy into every page of the build. */
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
