import { useState } from 'react';
import { useWords } from '../words/speech.tsx';

/** Copies a text, and says for screen readers too whether that worked. */
export function CopyButton({ text, label }: { text: string; label: string }) {
  const words = useWords();
  const [message, setMessage] = useState('');
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setMessage(words.copied);
    } catch {
      setMessage(words.copyFailed);
    }
  };
  return (
    <p className="copy">
      <button type="button" className="secondary outline" onClick={() => void copy()}>
        {label}
      </button>{' '}
      <span role="status">{message}</span>
    </p>
  );
}
