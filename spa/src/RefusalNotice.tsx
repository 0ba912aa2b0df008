import type { Refusal } from './callApi.ts';
import { Notice } from './Notice.tsx';
import { PROBLEM_TEXT } from './problemText.ts';
import { TryAgainButton } from './TryAgainButton.tsx';
import type { SignInRefusal } from './useSignIn.ts';

type RefusalNoticeProps = {
  refusal: Refusal;
  tryAgain: () => void;
  signInAgain: (refusal: SignInRefusal) => void;
};

/** Why there is nothing to show, and what can be done about it. */
export function RefusalNotice({ refusal, tryAgain, signInAgain }: RefusalNoticeProps) {
  switch (refusal.state) {
    case 'sign-in':
      return (
        <Notice
          title="Please sign in again"
          reference={refusal.reference}
          action={
            <button type="button" onClick={() => signInAgain(refusal)}>
              Sign in again
            </button>
          }
        >
          {PROBLEM_TEXT[refusal.code]}
        </Notice>
      );
    case 'busy':
      return (
        <Notice
          title="Not just now"
          reference={refusal.reference}
          action={<TryAgainButton afterSeconds={refusal.retryAfterSeconds} tryAgain={tryAgain} />}
        >
          {PROBLEM_TEXT[refusal.code]}
        </Notice>
      );
    case 'refused':
      return (
        <Notice title="The service said no" reference={refusal.reference}>
          {PROBLEM_TEXT[refusal.code]}
        </Notice>
      );
    case 'unexpected':
      return (
        <Notice title="An unexpected answer" reference={`HTTP ${refusal.status}`}>
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
      return refusal satisfies never;
  }
}
