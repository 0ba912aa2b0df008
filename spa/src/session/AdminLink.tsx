import { useState } from 'react';
import { CopyButton } from '../ui/CopyButton.tsx';
import { defaultScope, type PageConfig } from './pageConfig.ts';

type AdminLinkProps = { config: PageConfig; tenantId: string | undefined };

/** For the person to send on: only an administrator can do something with it. */
export function AdminLink({ config, tenantId }: AdminLinkProps) {
  const [url] = useState(() => adminConsentUrl(config, tenantId, crypto.randomUUID()));
  return (
    <div className="admin-link">
      <p>
        If a permission is missing, an administrator can give it for your whole organisation. Send them this
        link:
      </p>
      <p>
        <code>{url}</code>
      </p>
      <CopyButton text={url} what="link" />
    </div>
  );
}

/**
 * Where an administrator consents for everybody in a tenant, and is then led to this page's `/admin.html`
 * (https://learn.microsoft.com/entra/identity-platform/v2-admin-consent). What it comes back with proves nothing.
 * @param tenantId of the person at the page; the authority's own if left out
 */
function adminConsentUrl(config: PageConfig, tenantId: string | undefined, state: string): string {
  const tenant = tenantId ?? new URL(config.authority).pathname.split('/')[1] ?? '';
  const url = new URL(
    // This endpoint knows no personal accounts, and so no "common".
    `/${tenant === '' || tenant === 'common' ? 'organizations' : tenant}/v2.0/adminconsent`,
    directoryOrigin(config),
  );
  url.search = new URLSearchParams({
    client_id: config.clientId,
    scope: defaultScope(config),
    redirect_uri: `${location.origin}/admin.html`,
    state,
  }).toString();
  return url.href;
}

/** Where the metadata sends people: for a directory that MSAL does not know, it need not be the authority's host. */
function directoryOrigin({ authority, authorityMetadata }: PageConfig): string {
  try {
    const { authorization_endpoint: endpoint } = JSON.parse(authorityMetadata ?? '{}') as Record<
      string,
      unknown
    >;
    if (typeof endpoint === 'string') return new URL(endpoint).origin;
  } catch {
    // Metadata that is none: MSAL says so itself.
  }
  return new URL(authority).origin;
}
