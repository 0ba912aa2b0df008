/** What one tab tells the others of the same page; each may be signed in as somebody else. */
export type TabMessage = { what: 'connection-changed' | 'signed-out'; homeAccountId: string };

const NAME = 'stead';

export function tellTabs(message: TabMessage): void {
  const channel = new BroadcastChannel(NAME);
  channel.postMessage(message);
  channel.close();
}

/** Hears the other tabs, until the function that is given back is called. */
export function hearTabs(hear: (message: TabMessage) => void): () => void {
  const channel = new BroadcastChannel(NAME);
  channel.onmessage = ({ data }: MessageEvent<TabMessage>) => hear(data);
  return () => channel.close();
}
