import { defaultScope } from '@stead/shared/browser/signIn';
import { useState } from 'react';
import { CopyButton } from '../ui/CopyButton.tsx';
import { useWords } from '../words/speech.tsx';
import type { PageConfig } from './pageConfig.ts';

type AdminLinkProps = { config: PageConfig; tenantId: string | undefined };

/** A link that the person can send to an administrator: only an administrator can use it. */
export function AdminLink({ config, tenantId }: AdminLinkProps) {
  const [url] = useState(() => adminConsentUrl(config, tenantId, crypto.randomUUID()));
  const words = useWords();
  return (
    <div className="admin-link">
      <p>{words.signInError.adminLink}</p>
      <p>
        <code>{url}</code>
      </p>
      <CopyButton text={url} label={words.copyLink} />
    </div>
  );
}

/**
 * The address where an administrator consents for everybody in a tenant. The directory then leads them to this page's
 * `/admin.html`, with an answer that proves nothing
 * (https://learn.microsoft.com/entra/identity-platform/v2-admin-consent).
 * @param tenantId the tenant of the person at the page; the tenant of the authority if undefined
 */
function adminConsentUrl(config: PageConfig, tenantId: string | undefined, state: string): string {
  const tenant = tenantId ?? new URL(config.authority).pathname.split('/')[1] ?? '';
  const url = new URL(
    // This endpoint does not serve personal accounts, so it does not know "common".
    `/${tenant === '' || tenant === 'common' ? 'organizations' : tenant}/v2.0/adminconsent`,
    directoryOrigin(config),
  );
  url.search = new URLSearchParams({
    client_id: config.clientId,
    scope: defaultScope(config.apiScope),
    redirect_uri: `${location.origin}/admin.html`,
    state,
  }).toString();
  return url.href;
}

/** The origin of the authorization endpoint. It may differ from the authority's if the page has metadata of its own. */
function directoryOrigin({ authority, authorityMetadata }: PageConfig): string {
  try {
    const { authorization_endpoint: endpoint } = JSON.parse(authorityMetadata ?? '{}') as Record<
      string,
      unknown
    >;
    if (typeof endpoint === 'string') return new URL(endpoint).origin;
  } catch {
    // The metadata is not JSON. MSAL reports that when it starts.
  }
  return new URL(authority).origin;
}
