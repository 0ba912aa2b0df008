import { isDirectoryRefusal } from '@stead/shared/browser/msalError';
import { Notice } from '../ui/Notice.tsx';
import { TryAgainButton } from '../ui/TryAgainButton.tsx';
import { useWords } from '../words/speech.tsx';
import { AdminLink } from './AdminLink.tsx';
import type { PageConfig } from './pageConfig.ts';
import { signInDetails, signInText } from './signInError.ts';
import type { SignIn } from './useSignIn.ts';

type SignInErrorNoticeProps = {
  config: PageConfig;
  signIn: SignIn;
  signedIn: boolean;
  /** False while MSAL is still busy with a redirect. */
  settled: boolean;
};

/** Says why a sign-in failed, or that another one would fail in the same way. */
export function SignInErrorNotice({ config, signIn, signedIn, settled }: SignInErrorNoticeProps) {
  const words = useWords();
  const { error, stuck } = signIn;
  if (!signedIn && stuck) {
    if (!settled) return null;
    return (
      <Notice
        title={words.refusal.tellAdmin}
        details={
          error === undefined ? [{ name: 'entraCode', value: stuck.refusedWith }] : signInDetails(error)
        }
        detailsOpen
        action={
          <>
            <TryAgainButton
              afterSeconds={Math.ceil((stuck.until - Date.now()) / 1_000)}
              tryAgain={signIn.signIn}
            />
            <AdminLink config={config} tenantId={undefined} />
          </>
        }
      >
        {words.signInError.stuck}
      </Notice>
    );
  }
  // A signed-in person sees a refusal of the directory in the notice about what the service refused. If the service
  // refuses nothing, there is nothing to say.
  if (error === undefined || (signedIn && isDirectoryRefusal(error))) return null;
  return (
    <Notice
      title={words.signInError.title}
      details={signInDetails(error)}
      action={!signedIn && isDirectoryRefusal(error) && <AdminLink config={config} tenantId={undefined} />}
    >
      {signInText(error, words)}
    </Notice>
  );
}
