import { useEffect, useRef } from 'react';

type DisconnectDialogProps = { close: () => void; disconnect: () => void };

/** Says what disconnecting erases and what it does not, and asks for a confirmation. */
export function DisconnectDialog({ close, disconnect }: DisconnectDialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} aria-labelledby="disconnect-title" onClose={close}>
      <article className="dialog">
        <h2 id="disconnect-title">Disconnect?</h2>
        <p>Stead stops working for you and erases what it keeps about you:</p>
        <ul>
          <li>the encrypted tokens that it uses,</li>
          <li>this timeline, and everything else except that you disconnected.</li>
        </ul>
        <p>
          Stead cannot revoke anything in your organisation’s directory. A token that was already issued is
          valid until it expires, and your consent stays until you withdraw it there. “Sign out everywhere” in
          My Account ends your sessions. The people who run this service may have encrypted backups for some
          days.
        </p>
        <footer className="actions">
          <button type="button" className="secondary outline" onClick={() => dialog.current?.close()}>
            Stay connected
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
