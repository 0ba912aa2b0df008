import { useEffect, useRef } from 'react';
import { useWords } from '../words/speech.tsx';
import { GROUPS, type GroupName } from './controls.ts';
import { Tour } from './Tour.tsx';
import type { Controls } from './useControls.ts';
import type { TourPlace } from './useTour.ts';

const groupNames = Object.keys(GROUPS) as GroupName[];

type DrawerProps = { controls: Controls; tour: TourPlace; close: () => void };

/** The tour and all controls, beside the page: it stays in use, because it shows what the controls do. */
export function Drawer({ controls, tour, close }: DrawerProps) {
  const drawer = useRef<HTMLDialogElement>(null);
  const { close: closeLabel } = useWords();
  const { words, message, isBusy, act } = controls;
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
      <div className="demo-top">
        <header>
          <h2 id="demo-title">{words.story}</h2>
          <button type="button" className="secondary outline" onClick={close}>
            {closeLabel}
          </button>
        </header>
        <p role="status" className="message" aria-busy={isBusy}>
          {message || words.intro}
        </p>
      </div>
      <Tour controls={controls} place={tour} startOver={startOver} />
      <details>
        <summary>{words.allControls}</summary>
        {groupNames.map((group) => (
          <section key={group} aria-label={words.groups[group]}>
            <h3>{words.groups[group]}</h3>
            <div className="buttons">
              {GROUPS[group].map((name) => (
                <button
                  key={name}
                  type="button"
                  className="outline"
                  aria-disabled={isBusy}
                  onClick={() => void act(name)}
                >
                  {words.controls[name]}
                </button>
              ))}
            </div>
          </section>
        ))}
        <section aria-label={words.everything}>
          <h3>{words.everything}</h3>
          <button type="button" className="outline" aria-disabled={isBusy} onClick={() => void startOver()}>
            {words.startOver}
          </button>
        </section>
      </details>
    </dialog>
  );
}
