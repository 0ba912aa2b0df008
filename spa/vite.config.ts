import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

export default defineConfig({
  root: path('.'),
  plugins: [react()],
  build: {
    outDir: path('../dist/spa'),
    emptyOutDir: true,
    target: 'es2022',
    sourcemap: true,
    // Every browser of the target has it, and as an inline script it would not pass a strict CSP.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    rolldownOptions: { input: { index: path('index.html'), redirect: path('redirect.html') } },
  },
});
