import { useState } from 'react';
import { STEPS } from './controls.ts';
import type { Controls } from './useControls.ts';

type TourProps = { controls: Controls; startOver: () => Promise<void> };

/** One step after the other: a sentence, and the button that does it. */
export function Tour({ controls: { isBusy, act }, startOver }: TourProps) {
  const [done, setDone] = useState(0);
  const step = STEPS[done];
  if (step === undefined) {
    return (
      <section aria-label="Tour">
        <h3>The end</h3>
        <p>That was the whole story. Start over, and you are new here.</p>
        <button type="button" aria-disabled={isBusy} onClick={() => void startOver()}>
          Start over
        </button>
      </section>
    );
  }
  const { text, button, control } = step;
  const go = async () => {
    if (await act(control)) setDone(done + 1);
  };
  return (
    <section aria-label="Tour">
      <h3>
        Step {done + 1} of {STEPS.length}
      </h3>
      <p>{text}</p>
      <button type="button" aria-disabled={isBusy} onClick={() => void go()}>
        {button}
      </button>
    </section>
  );
}
