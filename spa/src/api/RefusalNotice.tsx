import type { Refusal, SignInRefusal } from '@stead/shared/browser/refusal';
import { AdminLink } from '../session/AdminLink.tsx';
import type { SignIn } from '../session/useSignIn.ts';
import { type Detail, Notice } from '../ui/Notice.tsx';
import { TryAgainButton } from '../ui/TryAgainButton.tsx';
import { useWords } from '../words/speech.tsx';
import { refusalDetails } from './refusalDetails.ts';
import { refusalText } from './refusalText.ts';
import type { Api } from './useApi.ts';

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
  /** Since when nothing is done for the person, in a sentence; undefined if that is not so. */
  stopped?: string | undefined;
};

/** Says why there is nothing to show, and offers what the person can do. */
export function RefusalNotice({ refusal, ...props }: RefusalNoticeProps) {
  const { tryAgain } = props;
  const words = useWords();
  const texts = words.refusal;
  const text = refusalText(refusal, words);
  const details = refusalDetails(refusal);
  switch (refusal.state) {
    case 'sign-in':
      return <SignInNotice {...props} refusal={refusal} />;
    case 'busy':
      return (
        <Notice
          title={texts.tryLater}
          tone="quiet"
          details={details}
          action={<TryAgainButton afterSeconds={refusal.retryAfterSeconds} tryAgain={tryAgain} />}
        >
          {text}
        </Notice>
      );
    case 'refused':
      return (
        <Notice title={texts.saidNo} details={details}>
          {text}
        </Notice>
      );
    case 'unexpected':
      return (
        <Notice title={texts.unexpected} details={details}>
          {text}
        </Notice>
      );
    case 'offline':
      return (
        <Notice
          title={texts.noAnswer}
          tone="quiet"
          action={<TryAgainButton afterSeconds={0} tryAgain={tryAgain} />}
        >
          {text}
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
  stopped,
}: Omit<RefusalNoticeProps, 'refusal'> & { refusal: SignInRefusal }) {
  const words = useWords();
  const texts = words.refusal;
  const details = [...refusalDetails(refusal), ...failedSignIn];
  if (nextStep(refusal) === undefined) {
    return (
      <Notice
        title={texts.tellAdmin}
        details={details}
        detailsOpen
        action={
          <>
            <TryAgainButton afterSeconds={0} tryAgain={tryAgain} />
            <AdminLink config={api.config} tenantId={api.account.tenantId} />
          </>
        }
      >
        {texts.tellAdminText}
      </Notice>
    );
  }
  const consent = refusal.code === 'CONSENT_REQUIRED';
  const sentences = [
    refusalText(refusal, words),
    ...(stopped === undefined ? [] : [stopped]),
    ...(failedSignIn.length > 0 ? [texts.lastAttempt] : []),
  ];
  return (
    <Notice
      title={consent ? texts.permission : texts.signInAgain}
      details={details}
      action={
        <button type="button" onClick={() => repair(refusal)}>
          {consent ? words.givePermission : words.signInAgain}
        </button>
      }
    >
      {sentences.join(' ')}
    </Notice>
  );
}
