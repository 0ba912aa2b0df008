import { useRef } from 'react';
import type { ProfileResult } from './fetchProfile.ts';
import { Notice } from './Notice.tsx';
import { ProfileCard } from './ProfileCard.tsx';
import type { PageConfig } from './pageConfig.ts';
import { PROBLEM_TEXT } from './problemText.ts';
import { TryAgainButton } from './TryAgainButton.tsx';
import { useProfile } from './useProfile.ts';

type ProfilePanelProps = { config: PageConfig; signInAgain: (claims?: string) => void };

/** The signed-in part of the page, in every state it can be in. */
export function ProfilePanel({ config, signInAgain }: ProfilePanelProps) {
  const { result, again } = useProfile(config);
  const panel = useRef<HTMLElement>(null);
  const tryAgain = () => {
    // The button goes away with the answer it belongs to; the keyboard's place must not.
    panel.current?.focus();
    again();
  };
  return (
    <section ref={panel} tabIndex={-1} aria-label="Your profile">
      <Progress result={result} />
      {result && <Result result={result} tryAgain={tryAgain} signInAgain={signInAgain} />}
    </section>
  );
}

/** Stays in the page, so that screen readers notice its changes. What went wrong, the notice says itself. */
function Progress({ result }: { result: ProfileResult | undefined }) {
  if (result !== undefined) {
    return (
      <p role="status" className="visually-hidden">
        {result.state === 'ready' && 'Your profile is here.'}
      </p>
    );
  }
  return (
    <p role="status" className="progress">
      <span aria-busy="true" aria-hidden="true" />
      Reading your profile…
    </p>
  );
}

type ResultProps = { result: ProfileResult; tryAgain: () => void; signInAgain: (claims?: string) => void };

function Result({ result, tryAgain, signInAgain }: ResultProps) {
  switch (result.state) {
    case 'ready':
      return <ProfileCard profile={result.profile} />;
    case 'sign-in':
      return (
        <Notice
          title="Please sign in again"
          reference={result.reference}
          action={
            <button type="button" onClick={() => signInAgain(result.claims)}>
              Sign in again
            </button>
          }
        >
          {PROBLEM_TEXT[result.code]}
        </Notice>
      );
    case 'busy':
      return (
        <Notice
          title="Not just now"
          reference={result.reference}
          action={<TryAgainButton afterSeconds={result.retryAfterSeconds} tryAgain={tryAgain} />}
        >
          {PROBLEM_TEXT[result.code]}
        </Notice>
      );
    case 'refused':
      return (
        <Notice title="The service said no" reference={result.reference}>
          {PROBLEM_TEXT[result.code]}
        </Notice>
      );
    case 'unexpected':
      return (
        <Notice title="An unexpected answer" reference={`HTTP ${result.status}`}>
          This page does not know what to make of it. Whoever runs the page should look at apiBaseUrl in its
          config.json.
        </Notice>
      );
    case 'offline':
      return (
        <Notice title="No answer" action={<TryAgainButton afterSeconds={0} tryAgain={tryAgain} />}>
          The service cannot be reached. Check your connection; nothing is lost.
        </Notice>
      );
    default:
      return result satisfies never;
  }
}
