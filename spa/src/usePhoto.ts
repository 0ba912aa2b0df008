import { useEffect, useState } from 'react';
import { getPhoto } from './api.ts';
import { type Api, callApi } from './callApi.ts';

/** The address of the user's photo; undefined until there is one, and for whoever has none. */
export function usePhoto(api: Api): string | undefined {
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    const leaving = new AbortController();
    let made: string | undefined;
    callApi(api, getPhoto, leaving.signal).then((answer) => {
      if (leaving.signal.aborted || answer.state !== 'ready' || answer.value.size === 0) return;
      made = URL.createObjectURL(answer.value);
      setUrl(made);
    });
    return () => {
      leaving.abort();
      setUrl(undefined);
      if (made !== undefined) URL.revokeObjectURL(made);
    };
  }, [api]);
  return url;
}
