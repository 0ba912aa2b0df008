import { useState } from 'react';
import type { LinkResult } from '../session/linkResult.ts';
import { useWords } from '../words/speech.tsx';

/** Says once what came of a link, until the person closes it. */
export function LinkNotice({ result }: { result: LinkResult }) {
  const { stay, close } = useWords();
  const [closed, setClosed] = useState(false);
  if (closed) return null;
  return (
    <div className="link-result" data-tone={result === 'linked' ? 'good' : 'quiet'}>
      <p role="status">{stay.results[result]}</p>
      <button type="button" className="link" onClick={() => setClosed(true)}>
        {close}
      </button>
    </div>
  );
}
