import { STEPS } from './controls.ts';
import type { Controls } from './useControls.ts';
import type { TourPlace } from './useTour.ts';

type TourProps = { controls: Controls; place: TourPlace; startOver: () => Promise<void> };

/** One step after the other: a sentence, and the button that does it. */
export function Tour({ controls: { words, isBusy, act }, place: { done, go }, startOver }: TourProps) {
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
  const play = async () => {
    if (await act(control)) go(done + 1);
  };
  return (
    <section aria-label={words.tour}>
      <h3>{words.step(done + 1, STEPS.length)}</h3>
      <p>{step.text}</p>
      <button type="button" aria-disabled={isBusy} onClick={() => void play()}>
        {step.button}
      </button>
    </section>
  );
}
