import type { Rooms } from '../refusedLines.ts';

/** The rooms of the page. */
export const PAGE: Rooms = {
  'spa/some.ts': {
    allowed: ['vite', '@vitejs/plugin-react', 'node:url', './contentSecurityPolicy.ts'],
    refused: ['react', './src/session/pageConfig.ts', '../shared/wire.ts', '../dev/platform.ts'],
  },
  'spa/src/some.tsx': {
    allowed: [
      'react',
      'react-dom/client',
      '@azure/msal-react',
      './App.tsx',
      './style.css',
      './session/startMsal.ts',
      './profile/ProfileHeader.tsx',
      './ui/Notice.tsx',
      './words/speech.tsx',
    ],
    refused: ['hono', './main.tsx', '../../shared/wire.ts', '../../shared/http.ts', '../../dev/platform.ts'],
  },
  'spa/src/words/some.tsx': {
    allowed: ['react', './en.ts', './times.ts'],
    refused: [
      '@azure/msal-browser',
      '../ui/Notice.tsx',
      '../session/directoryIds.ts',
      '../../../shared/wire.ts',
    ],
  },
  'spa/src/ui/some.tsx': {
    allowed: ['react', './CopyButton.tsx', '../words/speech.tsx'],
    refused: [
      '@azure/msal-browser',
      '../session/directoryIds.ts',
      '../api/callApi.ts',
      '../connection/Activity.tsx',
      '../../../shared/wire.ts',
    ],
  },
  'spa/src/session/some.tsx': {
    allowed: [
      '../words/speech.tsx',
      'react',
      '@azure/msal-browser',
      '@azure/msal-react',
      '@stead/shared/browser/signIn',
      './tabs.ts',
      '../ui/Notice.tsx',
    ],
    refused: [
      '../api/refusalDetails.ts',
      '@stead/shared',
      '../profile/useProfile.ts',
      '../connection/useConnection.ts',
      '../App.tsx',
      '../../../shared/wire.ts',
    ],
  },
  'spa/src/api/some.tsx': {
    allowed: [
      '../words/speech.tsx',
      'react',
      '@azure/msal-browser',
      './callApi.ts',
      '../session/signInError.ts',
      '../ui/Notice.tsx',
      '../../../shared/wire.ts',
    ],
    refused: [
      '../profile/useProfile.ts',
      '../connection/useConnection.ts',
      '../SignedIn.tsx',
      '../../../shared/errors.ts',
    ],
  },
  'spa/src/profile/some.tsx': {
    allowed: [
      '../words/speech.tsx',
      'react',
      './useProfile.ts',
      '../api/callApi.ts',
      '../session/tabs.ts',
      '../ui/Progress.tsx',
      '../../../shared/wire.ts',
    ],
    refused: ['@azure/msal-browser', '../connection/useConnection.ts', '../../../shared/http.ts'],
  },
  'spa/src/connection/some.tsx': {
    allowed: [
      '../words/speech.tsx',
      'react',
      './useConnection.ts',
      '../api/callApi.ts',
      '../session/tabs.ts',
      '../ui/Progress.tsx',
      '../../../shared/wire.ts',
    ],
    refused: ['@azure/msal-browser', '../profile/useProfile.ts', '../../../shared/http.ts'],
  },
  'spa/src/demo/some.tsx': {
    allowed: [
      '../words/speech.tsx',
      'react',
      './controls.ts',
      './demo.css',
      '@stead/shared/browser/signInAttempts',
      '../ui/Notice.tsx',
    ],
    refused: ['../connection/useConnection.ts', '../../../dev/demoControls.ts', '../../../shared/wire.ts'],
  },
};
