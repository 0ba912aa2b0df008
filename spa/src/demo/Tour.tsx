import { useState } from 'react';
import { STEPS } from './controls.ts';
import type { Controls } from './useControls.ts';

type TourProps = { controls: Controls; startOver: () => Promise<void> };

/** One step after the other: a sentence, and the button that does it. */
export function Tour({ controls: { words, isBusy, act }, startOver }: TourProps) {
  const [done, setDone] = useState(0);
  const [control, step] = [STEPS[done], words.steps[done]];
  if (control === undefined || step === undefined) {
    return (
      <section aria-label={words.tour}>
        <h3>{words.end}</h3>
        <p>{words.endText}</p>
        <button type="button" aria-disabled={isBusy} onClick={() => void startOver()}>
          {words.startOver}
        </button>
      </section>
    );
  }
  const go = async () => {
    if (await act(control)) setDone(done + 1);
  };
  return (
    <section aria-label={words.tour}>
      <h3>{words.step(done + 1, STEPS.length)}</h3>
      <p>{step.text}</p>
      <button type="button" aria-disabled={isBusy} onClick={() => void go()}>
        {step.button}
      </button>
    </section>
  );
}
