import { useState } from 'react';
import { adminConsentUrl } from './adminConsent.ts';
import { CopyButton } from './CopyButton.tsx';
import type { PageConfig } from './pageConfig.ts';

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
