import type { Connection, Profile } from '../../shared/wire.ts';
import { type Call, readJson } from './callApi.ts';
import { STATES } from './eventText.ts';

export const getProfile: Call<Profile> = { path: 'profile', read: readJson(isProfile) };

/** The empty blob stands for no photo. */
export const getPhoto: Call<Blob> = {
  path: 'profile/photo',
  read: async (response) => {
    const photo = await response.blob();
    return photo.size === 0 || photo.type.startsWith('image/') ? photo : undefined;
  },
};

export const getConnection: Call<Connection> = { path: 'connection', read: readJson(isConnection) };
export const putConnection: Call<Connection> = { ...getConnection, method: 'PUT' };
export const deleteConnection: Call<Connection> = {
  path: 'connection',
  method: 'DELETE',
  read: async () => ({ state: 'disconnected', history: [] }),
};

function isProfile(body: unknown): body is Profile {
  return typeof body === 'object' && body !== null && 'id' in body && typeof body.id === 'string';
}

function isConnection(body: unknown): body is Connection {
  return (
    typeof body === 'object' &&
    body !== null &&
    'state' in body &&
    // A newer service may know more states than this page.
    Object.hasOwn(STATES, String(body.state)) &&
    'history' in body &&
    Array.isArray(body.history)
  );
}
