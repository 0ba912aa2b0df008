import { useEffect, useRef } from 'react';
import { useWords } from '../words/speech.tsx';

type StopDialogProps = { close: () => void; stop: () => void };

/** Where users see and remove what they have allowed. */
const PERMISSIONS_URL = 'https://myapps.microsoft.com';

/** Says what stopping deletes and what it does not, and asks for a confirmation. */
export function StopDialog({ close, stop }: StopDialogProps) {
  const words = useWords().stop;
  const dialog = useRef<HTMLDialogElement>(null);
  const cancel = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
    // Else the link is first, and it leads away from the question.
    cancel.current?.focus();
  }, []);
  return (
    <dialog ref={dialog} aria-labelledby="stop-title" onClose={close}>
      <article className="dialog">
        <h2 id="stop-title">{words.title}</h2>
        <p>{words.text}</p>
        <p>
          {words.permission}{' '}
          <a href={PERMISSIONS_URL} target="_blank" rel="noreferrer">
            myapps.microsoft.com
          </a>
          .
        </p>
        <footer className="actions">
          <button
            ref={cancel}
            type="button"
            className="secondary outline"
            onClick={() => dialog.current?.close()}
          >
            {words.cancel}
          </button>
          <button
            type="button"
            className="danger"
            onClick={() => {
              dialog.current?.close();
              stop();
            }}
          >
            {words.confirm}
          </button>
        </footer>
      </article>
    </dialog>
  );
}
