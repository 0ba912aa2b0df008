import { useEffect, useRef } from 'react';

type DisconnectDialogProps = { close: () => void; disconnect: () => void };

/** Says what goes and what does not, before it goes. */
export function DisconnectDialog({ close, disconnect }: DisconnectDialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} aria-labelledby="disconnect-title" onClose={close}>
      <article className="dialog">
        <h2 id="disconnect-title">Disconnect?</h2>
        <p>Stead erases what it keeps of you, and stops working for you:</p>
        <ul>
          <li>the sealed tokens it acts with,</li>
          <li>this timeline, and everything else in your row but that you disconnected.</li>
        </ul>
        <p>
          It cannot revoke anything at your organisation’s directory: a token that was handed out lives on
          until it expires, and your consent stands until you withdraw it there. “Sign out everywhere” in My
          Account ends them. Whoever runs this may have sealed backups for some days.
        </p>
        <footer className="actions">
          <button type="button" className="secondary outline" onClick={() => dialog.current?.close()}>
            Keep it
          </button>
          <button
            type="button"
            className="danger"
            onClick={() => {
              dialog.current?.close();
              disconnect();
            }}
          >
            Disconnect
          </button>
        </footer>
      </article>
    </dialog>
  );
}
