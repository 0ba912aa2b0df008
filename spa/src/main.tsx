import { MsalProvider } from '@azure/msal-react';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './App.tsx';
import { noteLinkResult } from './session/linkInVain.ts';
import { takeLinkRepair } from './session/linkRepair.ts';
import { readLinkResult } from './session/linkResult.ts';
import { DEFAULT_LOOK, readPageConfig } from './session/pageConfig.ts';
import { showLook } from './session/showLook.ts';
import { startMsal } from './session/startMsal.ts';
import { Notice } from './ui/Notice.tsx';
import { PageHeader } from './ui/PageHeader.tsx';
import { loadSpeech, SpeechProvider } from './words/speech.tsx';
import './style.css';

const element = document.getElementById('root');
if (element === null) throw new Error('index.html has no element with the id "root"');
const root = createRoot(element);
const speechOf = loadSpeech();

try {
  const config = await readPageConfig();
  const speech = (await speechOf)(config.appName);
  showLook(config, speech.words.title);
  const { msal, ...started } = await startMsal(config);
  const linkResult = readLinkResult(location.search);
  noteLinkResult(linkResult);
  const repaired = started.repaired || (takeLinkRepair() && linkResult === 'linked');
  // Neither a sign-in nor a link leaves anything in the address that a person could copy or load again.
  if (location.search !== '' || location.hash !== '' || location.href.endsWith('#')) {
    history.replaceState(null, '', location.pathname);
  }
  root.render(
    <StrictMode>
      <SpeechProvider speech={speech}>
        <MsalProvider instance={msal}>
          <App config={config} linkResult={linkResult} {...started} repaired={repaired} />
        </MsalProvider>
      </SpeechProvider>
    </StrictMode>,
  );
} catch (error) {
  const speech = (await speechOf)(DEFAULT_LOOK.appName);
  const { title, text } = speech.words.cannotStart;
  const problem = error instanceof Error ? error.message : String(error);
  root.render(
    <SpeechProvider speech={speech}>
      <PageHeader {...DEFAULT_LOOK} />
      <main className="container">
        <Notice title={title} details={[{ name: 'problem', value: problem }]}>
          {text}
        </Notice>
      </main>
    </SpeechProvider>,
  );
}
