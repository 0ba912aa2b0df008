import type { en } from './en.ts';

/** Every text of the page in one language. The English catalogue says which texts there are. */
export type Words = ReturnType<typeof en>;
