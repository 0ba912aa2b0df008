/** The few pages that a person sees. No script; every value goes through hono's escaping template. */
import { createHash } from 'node:crypto';
import type { Context } from 'hono';
import { html, raw } from 'hono/html';
import { type Identity, isAdministrator } from './directory.ts';

const STYLE = `
:root { color-scheme: light dark; --text: #1b1b1f; --quiet: #55555f; --page: #f2f2f5; --card: #fff; --line: #8a8a96; --hover: #e8e8f0; --focus: #1f4fd8; }
@media (prefers-color-scheme: dark) {
  :root { --text: #ececf1; --quiet: #b4b4c0; --page: #16161a; --card: #222228; --line: #7d7d8a; --hover: #32323b; --focus: #9db8ff; }
}
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem; font: 1rem/1.5 system-ui, sans-serif; color: var(--text); background: var(--page); }
main { width: min(26rem, 100%); padding: 2rem; border-radius: .5rem; background: var(--card); overflow-wrap: anywhere; }
h1 { margin: 0 0 .5rem; font-size: 1.5rem; line-height: 1.25; }
p { margin: 0 0 1rem; color: var(--quiet); }
ul { list-style: none; margin: 0; padding: 0; }
.permissions { margin: 0 0 1rem; }
.permissions li { margin: 0 0 .5rem; }
button { display: block; width: 100%; min-height: 3rem; margin: 0 0 .5rem; padding: .5rem 1rem; text-align: start; font: inherit; color: inherit; background: transparent; border: 1px solid var(--line); border-radius: .375rem; cursor: pointer; }
button:hover { background: var(--hover); }
button:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
button.quiet { margin: .5rem 0 0; border-color: transparent; text-align: center; text-decoration: underline; }
h2 { margin: 1.5rem 0 .5rem; font-size: 1.125rem; }
a { color: inherit; }
pre { white-space: pre-wrap; }
a:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
small { display: block; color: var(--quiet); font-size: .875rem; }
`;
const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

type Markup = ReturnType<typeof html>;

/** @param formTargets further origins to which a form may lead: browsers apply this limit to redirects, too */
export function respondWithPage(
  c: Context,
  title: string,
  body: Markup,
  formTargets: readonly string[] = [],
  status: 200 | 400 = 200,
) {
  const policy = [
    "default-src 'none'",
    `style-src 'sha256-${STYLE_HASH}'`,
    `form-action 'self' ${formTargets.join(' ')}`.trim(),
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ];
  c.header('Content-Security-Policy', policy.join('; '));
  c.header('Cache-Control', 'no-store');
  c.header('Referrer-Policy', 'no-referrer');
  c.header('X-Content-Type-Options', 'nosniff');
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        <style>${raw(STYLE)}</style>
      </head>
      <body>
        <main>${body}</main>
      </body>
    </html>`;
  return c.html(page, status);
}

export type AccountPicker = {
  /** Path and query that the choice is posted to, as `user=<short name>` or `cancel`. */
  action: string;
  clientName: string;
  users: readonly Identity[];
  /** Short name of the user that the request hinted at. */
  hinted?: string | undefined;
  /** True if the sign-in has to meet a policy (a `claims` parameter). */
  stepUp: boolean;
  formTargets: readonly string[];
};

export function accountPickerPage(c: Context, picker: AccountPicker) {
  const choice = (identity: Identity) => {
    const { user } = identity;
    const kind = `${user.tid === user.homeTid ? '' : ' (guest)'}${isAdministrator(identity) ? ' (administrator)' : ''}`;
    return html`<li>
      <button name="user" value="${user.name}" ${user.name === picker.hinted ? raw('autofocus') : ''}>
        ${user.displayName} <small>${user.upn}${kind}</small>
      </button>
    </li>`;
  };
  const body = html`<h1>Pick an account</h1>
    <p>to continue to ${picker.clientName}. This is a local stand-in for Microsoft Entra ID: there are no passwords.</p>
    ${picker.stepUp ? html`<p>The application asks for a second factor. Picking an account counts as one.</p>` : ''}
    <form method="post" action="${picker.action}">
      <ul>${picker.users.map(choice)}</ul>
      <button class="quiet" name="cancel" value="1">Cancel</button>
    </form>`;
  return respondWithPage(c, 'Pick an account', body, picker.formTargets);
}

export function signedOutPage(c: Context) {
  return respondWithPage(c, 'Signed out', html`<h1>You are signed out</h1><p>You can close this page.</p>`);
}

/** For errors that must not be sent to an application, because the application or its redirect URI is not known. */
export function refusalPage(c: Context, description: string) {
  return respondWithPage(
    c,
    'Sign-in refused',
    html`<h1>The sign-in cannot go on</h1><p>${description}</p>`,
    [],
    400,
  );
}
