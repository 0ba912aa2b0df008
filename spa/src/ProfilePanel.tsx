import { useMsal } from '@azure/msal-react';
import { useEffect, useState } from 'react';
import type { ProblemCode } from '../../shared/wire.ts';
import type { ProfileResult } from './fetchProfile.ts';
import { Notice } from './Notice.tsx';
import { ProfileCard } from './ProfileCard.tsx';
import type { PageConfig } from './pageConfig.ts';
import { useProfile } from './useProfile.ts';

const REFUSALS: Partial<Record<ProblemCode, string>> = {
  TENANT_FORBIDDEN:
    'Your organisation is not served here. Sign in with another account, or ask who runs this.',
  CLIENT_FORBIDDEN: 'This page is not allowed to call the service. Whoever runs it has to allow it.',
  SCOPE_MISSING: 'This page asked for too little. Its apiScope has to name the scope of the service.',
  UPSTREAM_REFUSED: 'The directory refuses the service itself. Only those who run it can mend that.',
};

/** The signed-in part of the page, in every state it can be in. */
export function ProfilePanel({ config }: { config: PageConfig }) {
  const { instance, accounts } = useMsal();
  const { result, again } = useProfile(config);
  const signInAgain = (claims?: string) =>
    void instance.acquireTokenRedirect({
      scopes: [config.apiScope],
      ...(accounts[0] === undefined ? {} : { account: accounts[0] }),
      ...(claims === undefined ? {} : { claims }),
    });

  return (
    <section aria-live="polite" aria-busy={result === undefined}>
      {result === undefined ? (
        <Loading />
      ) : (
        <Result result={result} again={again} signInAgain={signInAgain} />
      )}
    </section>
  );
}

function Loading() {
  return (
    <article className="profile">
      <p aria-busy="true">Reading your profile…</p>
    </article>
  );
}

type ResultProps = { result: ProfileResult; again: () => void; signInAgain: (claims?: string) => void };

function Result({ result, again, signInAgain }: ResultProps) {
  switch (result.state) {
    case 'ready':
      return <ProfileCard profile={result.profile} />;
    case 'sign-in':
      return (
        <Notice
          title="Please sign in again"
          action={{ label: 'Sign in again', run: () => signInAgain(result.claims) }}
        >
          {result.claims === undefined
            ? 'Your sign-in, or a permission you gave, is no longer enough to act for you.'
            : 'Your organisation asks for one more step before this can act for you.'}
        </Notice>
      );
    case 'busy':
      return <Busy seconds={result.retryAfterSeconds} correlationId={result.correlationId} again={again} />;
    case 'refused':
      return (
        <Notice title="The service said no">
          {REFUSALS[result.code] ?? 'The request was not understood.'}{' '}
          <small>Reference {result.correlationId}</small>
        </Notice>
      );
    case 'offline':
      return (
        <Notice title="No answer" action={{ label: 'Try again', run: again }}>
          The service cannot be reached. Check your connection; nothing is lost.
        </Notice>
      );
    default:
      return result satisfies never;
  }
}

type BusyProps = { seconds: number; correlationId: string | undefined; again: () => void };

/** The button comes when the service said it may be asked again. */
function Busy({ seconds, correlationId, again }: BusyProps) {
  const [left, setLeft] = useState(seconds);
  useEffect(() => {
    if (left <= 0) return;
    const timer = setTimeout(() => setLeft(left - 1), 1_000);
    return () => clearTimeout(timer);
  }, [left]);
  return (
    <Notice title="Not just now" {...(left > 0 ? {} : { action: { label: 'Try again', run: again } })}>
      A service behind this page is not well or too busy. Nothing is lost.{' '}
      {left > 0 && <span>You can try again in {left} s. </span>}
      {correlationId && <small>Reference {correlationId}</small>}
    </Notice>
  );
}
