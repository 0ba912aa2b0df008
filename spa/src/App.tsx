import { InteractionStatus } from '@azure/msal-browser';
import { useIsAuthenticated, useMsal } from '@azure/msal-react';
import { ProfilePanel } from './ProfilePanel.tsx';
import type { PageConfig } from './pageConfig.ts';

export function App({ config }: { config: PageConfig }) {
  const { instance, inProgress, accounts } = useMsal();
  const signedIn = useIsAuthenticated();
  const settled = inProgress === InteractionStatus.None;
  return (
    <>
      {config.localDemo && (
        <p className="banner" role="note">
          Local demo: no real account, nothing leaves this machine.
        </p>
      )}
      <header className="container top">
        <h1>Stead</h1>
        {settled && signedIn && (
          <button
            type="button"
            className="secondary outline"
            onClick={() => void instance.logoutRedirect({ account: accounts[0] ?? null })}
          >
            Sign out
          </button>
        )}
      </header>
      <main className="container">
        {!settled && <p aria-busy="true">One moment…</p>}
        {settled && !signedIn && <Welcome config={config} />}
        {settled && signedIn && <ProfilePanel config={config} />}
      </main>
    </>
  );
}

function Welcome({ config }: { config: PageConfig }) {
  const { instance } = useMsal();
  return (
    <section className="welcome">
      <h2>It acts for you while you are away</h2>
      <p>
        Sign in once. Stead reads your profile from Microsoft Graph, keeps your connection sealed, and goes on
        getting tokens for you after you have closed this page.
      </p>
      <button type="button" onClick={() => void instance.loginRedirect({ scopes: [config.apiScope] })}>
        Sign in
      </button>
    </section>
  );
}
