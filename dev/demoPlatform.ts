import type { Stead } from '../shared/stead.ts';
import type { DemoPlatform } from './demoPerson.ts';
import { API_CLIENT_ID } from './entra/directory.ts';
import { signInWithCode } from './entra/signIn.ts';
import type { Host } from './host/spawnHost.ts';

/** What the demo controls work with, if every part of the platform is a process or a server of its own. */
export function demoPlatform(
  stead: Stead,
  { entraOrigin, webOrigin, host }: { entraOrigin: string; webOrigin: string; host: Host },
): DemoPlatform {
  return {
    stead,
    async standIn(method, path, body) {
      const answer = await fetch(`${entraOrigin}/dev${path}`, {
        method,
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      if (!answer.ok) throw new Error(`the stand-in refused ${path}: ${await answer.text()}`);
    },
    async runWorker() {
      const status = await host.run('refreshWorker');
      if (status === 'failed') throw new Error('the worker failed, and the terminal says why');
    },
    async callApi(user, method, path) {
      const { accessToken } = await signInWithCode({
        origin: entraOrigin,
        user: user.name,
        tenant: user.tid,
        spaOrigin: webOrigin,
        scope: `api://${API_CLIENT_ID}/.default`,
      });
      const answer = await fetch(`${host.origin}${path}`, {
        method,
        headers: { Authorization: `Bearer ${accessToken}` },
      });
      if (!answer.ok) throw new Error(`the API answered ${method} ${path} with ${answer.status}`);
    },
  };
}
