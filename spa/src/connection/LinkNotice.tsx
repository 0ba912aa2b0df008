import { useState } from 'react';
import type { LinkResult } from '../session/linkResult.ts';
import { useWords } from '../words/speech.tsx';

type LinkNoticeProps = {
  result: LinkResult;
  /** What users call the task that they have turned on by it. */
  task?: string | undefined;
};

/** Says once what came of a link, until the person closes it. */
export function LinkNotice({ result, task }: LinkNoticeProps) {
  const { stay, close } = useWords();
  const [closed, setClosed] = useState(false);
  if (closed) return null;
  return (
    <div className="link-result" data-tone={result === 'linked' ? 'good' : 'quiet'}>
      <p role="status">{task === undefined ? stay.results[result] : stay.turnedOn(task)}</p>
      <button type="button" className="link" onClick={() => setClosed(true)}>
        {close}
      </button>
    </div>
  );
}
