import { useState } from 'react';
import { forgetAttempts } from '../session/signInAttempts.ts';
import { clearFault, FAULTS, type FaultName, runWorker, setFault, setLifetimes } from './controls.ts';

type DemoControlsProps = {
  /** The signed-in user's name at the stand-in is what stands before the @. */
  userName: string;
  /** Something was done that the page should show. */
  changed: () => void;
};

/** What a newcomer can break, on a platform where nobody is hurt. */
export function DemoControls({ userName, changed }: DemoControlsProps) {
  const [said, setSaid] = useState('');
  const name = userName.split('@')[0] ?? '';

  const act = async (what: string, work: () => Promise<void>) => {
    setSaid('One moment…');
    // A trouble that is caused on purpose has nothing to do with the one before.
    forgetAttempts();
    try {
      await work();
      setSaid(what);
      changed();
    } catch (error) {
      setSaid(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <section aria-labelledby="demo-title">
      <article className="demo">
        <h2 id="demo-title">Play the story</h2>
        <p>
          Cause a trouble, run the worker, and watch the timeline. Time runs fast here: the worker leaves you
          alone for ten seconds after your last visit, and a token is worth half a minute.
        </p>
        <h3>1. Tokens from now on</h3>
        <div className="buttons">
          <button
            type="button"
            className="outline"
            onClick={() =>
              void act('From now on a new token is worth half a minute.', () => setLifetimes('short'))
            }
          >
            Half a minute
          </button>
          <button
            type="button"
            className="outline"
            onClick={() =>
              void act('From now on a new token lasts an hour: the worker looks, and leaves it.', () =>
                setLifetimes('usual'),
              )
            }
          >
            An hour
          </button>
        </div>
        <h3>2. What the directory does to you</h3>
        <div className="buttons">
          {(Object.keys(FAULTS) as FaultName[]).map((fault) => (
            <button
              key={fault}
              type="button"
              className="outline"
              onClick={() => void act(FAULTS[fault].expect, () => setFault(name, fault))}
            >
              {FAULTS[fault].label}
            </button>
          ))}
          <button
            type="button"
            className="outline"
            onClick={() => void act('All is well again.', () => clearFault(name))}
          >
            All is well
          </button>
        </div>
        <h3>3. The worker</h3>
        <div className="buttons">
          <button
            type="button"
            onClick={() =>
              void act('The worker has run. Until your next look is due, it leaves you alone.', runWorker)
            }
          >
            Run it now
          </button>
        </div>
        <p role="status" className="said">
          {said}
        </p>
      </article>
    </section>
  );
}
