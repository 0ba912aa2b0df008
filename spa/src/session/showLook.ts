import type { Look } from './pageConfig.ts';

/** Gives the browser's tab the name and the picture of the application. */
export function showLook({ logo }: Look, title: string): void {
  document.title = title;
  document.querySelector('link[rel="icon"]')?.setAttribute('href', logo);
}
