import { useEffect, useState } from 'react';
import { useSpeech } from '../words/speech.tsx';

type TryAgainButtonProps = {
  /** How long the service asks to wait before the next request (`Retry-After`). */
  afterSeconds: number;
  tryAgain: () => void;
};

/** A button that counts down until it can be used. */
export function TryAgainButton({ afterSeconds, tryAgain }: TryAgainButtonProps) {
  const { words, times } = useSpeech();
  const [left, setLeft] = useState(afterSeconds);
  useEffect(() => {
    if (left <= 0) return undefined;
    const timer = setTimeout(() => setLeft(left - 1), 1_000);
    return () => clearTimeout(timer);
  }, [left]);
  return (
    <button type="button" disabled={left > 0} onClick={tryAgain}>
      {left > 0 ? words.tryAgainIn(times.duration(left * 1_000)) : words.tryAgain}
    </button>
  );
}
