import { useState } from 'react';

/** Copies a text, and says for screen readers too whether that worked. */
export function CopyButton({ text, what }: { text: string; what: string }) {
  const [message, setMessage] = useState('');
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setMessage('Copied.');
    } catch {
      setMessage('This browser does not allow the page to copy. Select the text and copy it yourself.');
    }
  };
  return (
    <p className="copy">
      <button type="button" className="secondary outline" onClick={() => void copy()}>
        Copy {what}
      </button>{' '}
      <span role="status">{message}</span>
    </p>
  );
}
