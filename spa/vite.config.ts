import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { contentSecurityPolicy } from './contentSecurityPolicy.ts';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

/** `--mode demo` is the page of the local platform, with its demo controls. */
export default defineConfig(({ mode }) => ({
  root: path('.'),
  plugins: [react(), contentSecurityPolicy()],
  build: {
    outDir: path(mode === 'demo' ? '../dist/local' : '../dist/spa'),
    emptyOutDir: true,
    target: 'es2022',
    sourcemap: true,
    // Every browser of the target has it, and as an inline script it would not pass a strict CSP.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    rolldownOptions: {
      // On a busy machine it would say how long each plugin took.
      checks: { bundlerTimings: false },
      input: { index: path('index.html'), redirect: path('redirect.html'), admin: path('admin.html') },
    },
  },
}));
