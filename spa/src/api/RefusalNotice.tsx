import type { Refusal, SignInRefusal } from '@stead/shared/browser/refusal';
import type { ProblemCode } from '../../../shared/wire.ts';
import { AdminLink } from '../session/AdminLink.tsx';
import type { SignIn } from '../session/useSignIn.ts';
import { type Detail, Notice } from '../ui/Notice.tsx';
import { TryAgainButton } from '../ui/TryAgainButton.tsx';
import { refusalDetails } from './refusalDetails.ts';
import type { Api } from './useApi.ts';

/** Each refusal of the service in words for the person at the page. */
const PROBLEM_TEXT: Record<ProblemCode, string> = {
  NOT_CONNECTED: 'You are not connected, so there was nothing to change.',
  REQUEST_MALFORMED: 'The service did not understand this page. It may be out of date: load it again.',
  TOKEN_MISSING: 'The service did not see your sign-in.',
  TOKEN_INVALID: 'This sign-in has ended.',
  CLAIMS_REQUIRED: 'Your organisation asks for one more step before Stead can act for you.',
  SIGN_IN_REQUIRED: 'Your sign-in is no longer enough for Stead to act for you.',
  CONSENT_REQUIRED: 'Stead needs a permission from you or from your organisation before it can act for you.',
  SCOPE_MISSING: 'This page asked for too little. Its apiScope has to name the scope of the service.',
  ROLE_MISSING: 'Only an application that was allowed to do this may do it.',
  TENANT_FORBIDDEN:
    'Your organisation is not served here. Sign in with another account, or ask the people who run this service.',
  CLIENT_FORBIDDEN:
    'This page is not allowed to call the service. The people who run the service have to allow it.',
  LINK_OFF: 'This service keeps no connection for longer.',
  UPSTREAM_REFUSED: 'The directory refuses the service itself. Only the people who run it can solve that.',
  THROTTLED: 'There are too many requests at the moment. Nothing is lost.',
  TOO_MANY_REQUESTS: 'You asked too often. Wait a moment and try again.',
  UNAVAILABLE: 'A service behind this page cannot be reached. Nothing is lost.',
  INTERNAL: 'Something went wrong in the service. Nothing is lost.',
};

export type RefusalNoticeProps = {
  api: Api;
  refusal: Refusal;
  /** Asks the service again. It never leaves the page. */
  tryAgain: () => void;
  /** Tries to repair it with the person's help. It may leave the page for the directory. */
  repair: (refusal: SignInRefusal) => void;
  nextStep: SignIn['nextStep'];
  /** The codes and ids of the sign-in that led to this page load, if the directory refused it; else empty. */
  failedSignIn: readonly Detail[];
};

/** Says why there is nothing to show, and offers what the person can do. */
export function RefusalNotice({ refusal, ...props }: RefusalNoticeProps) {
  const { tryAgain } = props;
  switch (refusal.state) {
    case 'sign-in':
      return <SignInNotice {...props} refusal={refusal} />;
    case 'busy':
      return (
        <Notice
          title="Try again later"
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
          This page does not understand the answer. The people who run the page should check apiBaseUrl in its
          config.json.
        </Notice>
      );
    case 'offline':
      return (
        <Notice title="No answer" action={<TryAgainButton afterSeconds={0} tryAgain={tryAgain} />}>
          The service cannot be reached. Check your network. Nothing is lost.
        </Notice>
      );
    default:
      return refusal satisfies never;
  }
}

/** Offers a redirect to the directory as long as one can help, and after that a text for the administrator. */
function SignInNotice({
  api,
  refusal,
  tryAgain,
  repair,
  nextStep,
  failedSignIn,
}: Omit<RefusalNoticeProps, 'refusal'> & { refusal: SignInRefusal }) {
  const facts = {
    ...(refusal.reference === undefined ? {} : { reference: refusal.reference }),
    details: [...refusalDetails(refusal), ...failedSignIn],
  };
  if (nextStep(refusal) === undefined) {
    return (
      <Notice
        title="Tell your administrator"
        {...facts}
        detailsOpen
        action={
          <>
            <TryAgainButton afterSeconds={0} tryAgain={tryAgain} />
            <AdminLink config={api.config} tenantId={api.account.tenantId} />
          </>
        }
      >
        The directory refuses Stead again, and signing in once more would not change that. Send the details
        below to your administrator. Once they have solved the problem, try again here.
      </Notice>
    );
  }
  const consent = refusal.code === 'CONSENT_REQUIRED';
  return (
    <Notice
      title={consent ? 'Stead needs your permission' : 'Please sign in again'}
      {...facts}
      action={
        <button type="button" onClick={() => repair(refusal)}>
          {consent ? 'Give permission' : 'Sign in again'}
        </button>
      }
    >
      {PROBLEM_TEXT[refusal.code]}
      {failedSignIn.length > 0 && ' The directory refused your last attempt.'}
    </Notice>
  );
}
