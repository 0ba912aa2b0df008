/** What one tab tells the others. Each tab may have another account, so a message says which account it is about. */
export type TabMessage = { what: 'connection-changed' | 'signed-out'; homeAccountId: string };

/** There is one channel for the whole tab: a second one in the same tab would hear this tab's own messages. */
const channel = new BroadcastChannel('stead');

export const tellTabs = (message: TabMessage): void => channel.postMessage(message);

/** Passes each message of another tab to `hear`. Returns a function that stops this. */
export function hearTabs(hear: (message: TabMessage) => void): () => void {
  const onMessage = ({ data }: MessageEvent<TabMessage>) => hear(data);
  channel.addEventListener('message', onMessage);
  return () => channel.removeEventListener('message', onMessage);
}
