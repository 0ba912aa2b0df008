import { useEffect, useState } from 'react';
import { type Call, callApi } from '../api/callApi.ts';
import type { Api } from '../api/useApi.ts';

/** A person without a photo has an empty blob. */
const getPhoto: Call<Blob> = {
  path: 'profile/photo',
  read: async (response) => {
    const photo = await response.blob();
    return photo.size === 0 || photo.type.startsWith('image/') ? photo : undefined;
  },
};

/** The address of the user's photo; undefined while it is not here yet, and if they have none. */
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
