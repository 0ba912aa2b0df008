import { useWords } from '../words/speech.tsx';

/** What a person should know before they sign in: what is read, for how long, and how to stop it. */
export function Welcome({ signIn }: { signIn: () => void }) {
  const { welcome, ...words } = useWords();
  return (
    <article className="welcome">
      <h2>{welcome.title}</h2>
      <p>{welcome.text}</p>
      <button type="button" onClick={signIn}>
        {words.signIn}
      </button>
      <dl>
        {welcome.points.map(([term, text]) => (
          <div key={term}>
            <dt>{term}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
    </article>
  );
}
