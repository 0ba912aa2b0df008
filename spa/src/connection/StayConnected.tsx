import { useState } from 'react';
import type { Connection } from '../../../shared/wire.ts';
import { refusalText } from '../api/refusalText.ts';
import type { Api } from '../api/useApi.ts';
import { useWords } from '../words/speech.tsx';
import { forgetTurningOn } from './TasksToTurnOn.tsx';

/** That somebody at this browser does not want to be asked. It says nothing of who that is. */
const KEY = 'stead.stay-connected';

/** Offers a link once. Whoever says "Not now" is not asked again in this browser. */
export function StayConnected({ api, connection }: { api: Api; connection: Connection }) {
  const words = useWords();
  const [dismissed, setDismissed] = useState(() => localStorage.getItem(KEY) !== null);
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<string>();
  if (connection.canLink !== true || dismissed) return null;
  const link = async () => {
    setBusy(true);
    setFailed(undefined);
    const answer = await api.service.link();
    if (answer.state === 'ready') {
      forgetTurningOn();
      return location.assign(answer.value.url);
    }
    setBusy(false);
    setFailed(refusalText(answer, words));
  };
  const dismiss = () => {
    localStorage.setItem(KEY, 'dismissed');
    setDismissed(true);
  };
  return (
    <section className="stay" aria-labelledby="stay-title">
      <h2 id="stay-title">{words.stay.title}</h2>
      <p>{words.stay.text}</p>
      {failed !== undefined && <p role="alert">{failed}</p>}
      <div className="actions">
        <button type="button" aria-busy={busy} disabled={busy} onClick={() => void link()}>
          {words.stay.button}
        </button>
        <button type="button" className="secondary outline" onClick={dismiss}>
          {words.stay.dismiss}
        </button>
      </div>
    </section>
  );
}
