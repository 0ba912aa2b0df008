import { useEffect, useRef } from 'react';
import { GROUPS } from './controls.ts';
import { Tour } from './Tour.tsx';
import type { Controls } from './useControls.ts';

type DrawerProps = { controls: Controls; close: () => void };

/** The tour and all controls, beside the page: it stays in use, because it shows what the controls do. */
export function Drawer({ controls, close }: DrawerProps) {
  const drawer = useRef<HTMLDialogElement>(null);
  const { message, isBusy, act } = controls;
  useEffect(() => drawer.current?.show(), []);

  const startOver = async () => {
    if (!(await act('start-over'))) return;
    // The page must forget the person, too: nothing of them is left at the service.
    sessionStorage.clear();
    location.assign('/');
  };
  return (
    <dialog
      ref={drawer}
      className="demo-drawer"
      aria-labelledby="demo-title"
      onKeyDown={(event) => {
        if (event.key === 'Escape') close();
      }}
    >
      <header>
        <h2 id="demo-title">Play the story</h2>
        <button type="button" className="secondary outline" onClick={close}>
          Close
        </button>
      </header>
      <p role="status" className="message" aria-busy={isBusy}>
        {message || 'Nothing of this is real but the software. What you press here concerns you alone.'}
      </p>
      <Tour controls={controls} startOver={startOver} />
      <details>
        <summary>All controls</summary>
        {GROUPS.map(({ title, controls: names }) => (
          <section key={title} aria-label={title}>
            <h3>{title}</h3>
            <div className="buttons">
              {Object.entries(names).map(([name, label]) => (
                <button
                  key={name}
                  type="button"
                  className="outline"
                  aria-disabled={isBusy}
                  onClick={() => void act(name)}
                >
                  {label}
                </button>
              ))}
            </div>
          </section>
        ))}
        <section aria-label="Everything">
          <h3>Everything</h3>
          <button type="button" className="outline" aria-disabled={isBusy} onClick={() => void startOver()}>
            Start over
          </button>
        </section>
      </details>
    </dialog>
  );
}
