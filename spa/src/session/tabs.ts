/** What one tab tells the others of the same page; each may be signed in as somebody else. */
export type TabMessage = { what: 'connection-changed' | 'signed-out'; homeAccountId: string };

/** One for the whole tab, because a channel hears every other channel of its name, and only not itself. */
const channel = new BroadcastChannel('stead');

export const tellTabs = (message: TabMessage): void => channel.postMessage(message);

/** Hears the other tabs, until the function that is given back is called. */
export function hearTabs(hear: (message: TabMessage) => void): () => void {
  const onMessage = ({ data }: MessageEvent<TabMessage>) => hear(data);
  channel.addEventListener('message', onMessage);
  return () => channel.removeEventListener('message', onMessage);
}
