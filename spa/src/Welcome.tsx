/** What the page is for, to whoever is not signed in. */
export function Welcome({ signIn }: { signIn: () => void }) {
  return (
    <article className="welcome">
      <h2>Sign in once, then go</h2>
      <p>
        Stead reads your profile from Microsoft Graph, keeps your connection sealed, and goes on working for
        you after you have closed this page.
      </p>
      <button type="button" onClick={signIn}>
        Sign in
      </button>
    </article>
  );
}
