import type { Api } from '../api/useApi.ts';
import { useSpeech } from '../words/speech.tsx';
import { useNow } from '../words/useNow.ts';
import { useLink } from './useLink.ts';

type StayConnectedProps = {
  api: Api;
  /** Until when a link would keep the connection: ISO 8601. */
  until: string;
  /** The person does not want to be asked again. */
  dismiss: () => void;
};

/** Offers a link. */
export function StayConnected({ api, until, dismiss }: StayConnectedProps) {
  const { words, times } = useSpeech();
  const now = useNow(30_000);
  const { busy, failed, open } = useLink(api);
  return (
    <section className="stay" aria-labelledby="stay-title">
      <h2 id="stay-title">{words.stay.title}</h2>
      <p>{words.stay.text(times.duration(new Date(until).getTime() - now.getTime()))}</p>
      {failed !== undefined && <p role="alert">{failed}</p>}
      <div className="actions">
        <button type="button" aria-busy={busy} disabled={busy} onClick={() => void open()}>
          {words.stay.button}
        </button>
        <button type="button" className="secondary outline" onClick={dismiss}>
          {words.stay.dismiss}
        </button>
      </div>
    </section>
  );
}
