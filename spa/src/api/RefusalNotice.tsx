import type { ProblemCode } from '../../../shared/wire.ts';
import { AdminLink } from '../session/AdminLink.tsx';
import type { SignIn } from '../session/useSignIn.ts';
import { type Detail, Notice } from '../ui/Notice.tsx';
import { TryAgainButton } from '../ui/TryAgainButton.tsx';
import type { Refusal, SignInRefusal } from './refusal.ts';
import { refusalDetails } from './refusalDetails.ts';
import type { Api } from './useApi.ts';

/** Each refusal of the service, in words for the person at the page. */
const PROBLEM_TEXT: Record<ProblemCode, string> = {
  REQUEST_MALFORMED: 'The service did not understand this page. It may be out of date: load it again.',
  TOKEN_MISSING: 'The service did not see your sign-in.',
  TOKEN_INVALID: 'This sign-in is over.',
  CLAIMS_REQUIRED: 'Your organisation asks for one more step before Stead can act for you.',
  SIGN_IN_REQUIRED: 'Your sign-in is no longer enough for Stead to act for you.',
  CONSENT_REQUIRED:
    'Stead needs a permission from you, or from your organisation, before it can act for you.',
  SCOPE_MISSING: 'This page asked for too little. Its apiScope has to name the scope of the service.',
  TENANT_FORBIDDEN:
    'Your organisation is not served here. Sign in with another account, or ask whoever runs this.',
  CLIENT_FORBIDDEN: 'This page is not allowed to call the service. Whoever runs the service has to allow it.',
  UPSTREAM_REFUSED: 'The directory refuses the service itself. Only those who run it can mend that.',
  THROTTLED: 'There are too many requests just now. Nothing is lost.',
  TOO_MANY_REQUESTS: 'That was asked for too often. Wait a moment, and try again.',
  UNAVAILABLE: 'A service behind this page cannot be reached. Nothing is lost.',
  INTERNAL: 'Something went wrong in the service. Nothing is lost.',
};

export type RefusalNoticeProps = {
  api: Api;
  refusal: Refusal;
  /** Asks the service again, and leaves the page in no case. */
  tryAgain: () => void;
  /** Does what can be done with the person's help, and leaves the page for it if need be. */
  mend: (refusal: SignInRefusal) => void;
  nextStep: SignIn['nextStep'];
  /** What names the sign-in that this page load comes back from, if the directory refused it. */
  failed: readonly Detail[];
};

/** Why there is nothing to show, and what can be done about it. */
export function RefusalNotice({ refusal, ...props }: RefusalNoticeProps) {
  const { tryAgain } = props;
  switch (refusal.state) {
    case 'sign-in':
      return <SignInNotice {...props} refusal={refusal} />;
    case 'busy':
      return (
        <Notice
          title="Not just now"
          reference={refusal.reference}
          details={refusalDetails(refusal)}
          action={<TryAgainButton afterSeconds={refusal.retryAfterSeconds} tryAgain={tryAgain} />}
        >
          {PROBLEM_TEXT[refusal.code]}
        </Notice>
      );
    case 'refused':
      return (
        <Notice title="The service said no" reference={refusal.reference} details={refusalDetails(refusal)}>
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

/** What only the directory can mend: by a click while that can help, and then by an administrator. */
function SignInNotice({
  api,
  refusal,
  tryAgain,
  mend,
  nextStep,
  failed,
}: Omit<RefusalNoticeProps, 'refusal'> & { refusal: SignInRefusal }) {
  const said = {
    ...(refusal.reference === undefined ? {} : { reference: refusal.reference }),
    details: [...refusalDetails(refusal), ...failed],
  };
  if (nextStep(refusal) === undefined) {
    return (
      <Notice
        title="Tell your administrator"
        {...said}
        detailsOpen
        action={
          <>
            <TryAgainButton afterSeconds={0} tryAgain={tryAgain} />
            <AdminLink config={api.config} tenantId={api.account.tenantId} />
          </>
        }
      >
        The directory refuses Stead again, and signing in once more would not change that. Send the details
        below to your administrator. Once they have mended it, try again here.
      </Notice>
    );
  }
  const consent = refusal.code === 'CONSENT_REQUIRED';
  return (
    <Notice
      title={consent ? 'Stead needs your permission' : 'Please sign in again'}
      {...said}
      action={
        <button type="button" onClick={() => mend(refusal)}>
          {consent ? 'Give permission' : 'Sign in again'}
        </button>
      }
    >
      {PROBLEM_TEXT[refusal.code]}
      {failed.length > 0 && ' The directory sent you back without it.'}
    </Notice>
  );
}
