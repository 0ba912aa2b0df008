import { clearAttempts } from '@stead/shared/browser/signInAttempts';
import { useState } from 'react';
import { clearFault, FAULTS, type FaultName, runWorker, setFault, setLifetimes } from './controls.ts';

type DemoControlsProps = {
  /** The user name; the part before the @ is the person's name in the stand-in. */
  userName: string;
  /** Called after each action, so that the page reads the connection again. */
  changed: () => void;
};

/** Buttons that cause failures and run the worker. Only the local platform has them. */
export function DemoControls({ userName, changed }: DemoControlsProps) {
  const [message, setMessage] = useState('');
  const name = userName.split('@')[0] ?? '';

  const act = async (what: string, work: () => Promise<void>) => {
    setMessage('One moment…');
    // The new failure has nothing to do with the redirects that an earlier one led to.
    clearAttempts();
    try {
      await work();
      setMessage(what);
      changed();
    } catch (error) {
      setMessage(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <section aria-labelledby="demo-title">
      <article className="demo">
        <h2 id="demo-title">Play the story</h2>
        <p>
          Cause a failure, run the worker, and watch the timeline. Time runs fast here: the worker waits only
          ten seconds after your last visit, and a token lasts half a minute.
        </p>
        <h3>1. Tokens from now on</h3>
        <div className="buttons">
          <button
            type="button"
            className="outline"
            onClick={() =>
              void act('From now on a new token lasts half a minute.', () => setLifetimes('short'))
            }
          >
            Half a minute
          </button>
          <button
            type="button"
            className="outline"
            onClick={() =>
              void act(
                'From now on a new token lasts an hour. The worker checks it and does not renew it.',
                () => setLifetimes('usual'),
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
              void act('The worker has run. It checks you only if your next check is due.', runWorker)
            }
          >
            Run it now
          </button>
        </div>
        <p role="status" className="message">
          {message}
        </p>
      </article>
    </section>
  );
}
