import { useState } from 'react';

export function CopyButton({ text, what }: { text: string; what: string }) {
  const [said, setSaid] = useState('');
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setSaid('Copied.');
    } catch {
      setSaid('This browser does not let the page copy. Select the text, and copy it yourself.');
    }
  };
  return (
    <p className="copy">
      <button type="button" className="secondary outline" onClick={() => void copy()}>
        Copy {what}
      </button>{' '}
      <span role="status">{said}</span>
    </p>
  );
}
