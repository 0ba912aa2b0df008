/**
 * No stored cache is larger: 1 MiB. MSAL's cache of one user takes about 5 kB, and 0.5 MiB sealed with 200 tokens in
 * it. A larger one is not written, and what is larger is not ours and not read.
 */
export const MAX_SEALED_BYTES = 1_048_576;
