import type { Connection } from '../../../shared/wire.ts';
import type { Api } from '../api/useApi.ts';
import { useWords } from '../words/speech.tsx';
import { useLink } from './useLink.ts';

/** The tasks for which nobody is asked until they want them. A link asks for their permissions. */
export function TasksToTurnOn({ api, connection }: { api: Api; connection: Connection }) {
  const words = useWords();
  const { busy, failed, open } = useLink(api);
  const off = (connection.tasks ?? []).filter(({ isOn }) => !isOn);
  if (off.length === 0) return null;
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
            onClick={() => void open({ tasks: [task] })}
          >
            {words.stay.turnOn(title)}
          </button>
        ))}
      </div>
    </section>
  );
}
