import { MsalProvider } from '@azure/msal-react';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './App.tsx';
import { readPageConfig } from './session/pageConfig.ts';
import { startMsal } from './session/startMsal.ts';
import { Notice } from './ui/Notice.tsx';
import { PageHeader } from './ui/PageHeader.tsx';
import './style.css';

const element = document.getElementById('root');
if (element === null) throw new Error('index.html has no element with the id "root"');
const root = createRoot(element);

try {
  const config = await readPageConfig();
  const { msal, cameBack, signInError } = await startMsal(config);
  root.render(
    <StrictMode>
      <MsalProvider instance={msal}>
        <App config={config} cameBack={cameBack} signInError={signInError} />
      </MsalProvider>
    </StrictMode>,
  );
} catch (error) {
  root.render(
    <>
      <PageHeader />
      <main className="container">
        <Notice title="This page cannot start">
          {error instanceof Error ? error.message : String(error)}
        </Notice>
      </main>
    </>,
  );
}
