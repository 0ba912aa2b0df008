import { useState } from 'react';
import type { Connection } from '../../../shared/wire.ts';
import { refusalText } from '../api/refusalText.ts';
import type { Api } from '../api/useApi.ts';
import { useWords } from '../words/speech.tsx';

/** Where this tab keeps which task a link is about, because the address of the way back says only that it was linked. */
const KEY = 'stead.turning-on';

/** What users call the task that they have just turned on; undefined if they have turned on none. */
export function turnedOn({ tasks = [] }: Connection): string | undefined {
  const wanted = sessionStorage.getItem(KEY);
  return tasks.find(({ task, isOn }) => isOn && task === wanted)?.title;
}

export const forgetTurningOn = (): void => sessionStorage.removeItem(KEY);

/** The tasks for which nobody is asked until they want them. A link asks for their permissions. */
export function TasksToTurnOn({ api, connection }: { api: Api; connection: Connection }) {
  const words = useWords();
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<string>();
  const off = (connection.tasks ?? []).filter(({ isOn }) => !isOn);
  if (off.length === 0) return null;
  const turnOn = async (task: string) => {
    setBusy(true);
    setFailed(undefined);
    const answer = await api.service.link({ tasks: [task] });
    if (answer.state === 'ready') {
      sessionStorage.setItem(KEY, task);
      return location.assign(answer.value.url);
    }
    setBusy(false);
    setFailed(refusalText(answer, words));
  };
  return (
    <section className="stay" aria-labelledby="tasks-title">
      <h2 id="tasks-title">{words.stay.tasks}</h2>
      <p>{words.stay.tasksText}</p>
      {failed !== undefined && <p role="alert">{failed}</p>}
      <div className="actions">
        {off.map(({ task, title }) => (
          <button
            key={task}
            type="button"
            className="outline"
            aria-busy={busy}
            disabled={busy}
            onClick={() => void turnOn(task)}
          >
            {words.stay.turnOn(title)}
          </button>
        ))}
      </div>
    </section>
  );
}
