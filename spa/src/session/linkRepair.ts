/** That the page was left for a link which is to put something right. It is gone with the tab. */
const KEY = 'stead.link-repairs';

export const noteLinkRepair = (): void => sessionStorage.setItem(KEY, 'begun');

/** Whether it was. From then on it counts no more. */
export function takeLinkRepair(): boolean {
  const wasNoted = sessionStorage.getItem(KEY) !== null;
  sessionStorage.removeItem(KEY);
  return wasNoted;
}
