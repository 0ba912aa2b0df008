import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { AdminLanding } from './session/AdminLanding.tsx';
import { DEFAULT_LOOK, readPageConfig } from './session/pageConfig.ts';
import { showLook } from './session/showLook.ts';
import { loadSpeech, SpeechProvider } from './words/speech.tsx';
import './style.css';

const element = document.getElementById('root');
if (element === null) throw new Error('admin.html has no element with the id "root"');
// What the directory said can be shown without the settings of the page.
const [speechOf, look] = await Promise.all([loadSpeech(), readPageConfig().catch(() => DEFAULT_LOOK)]);
const speech = speechOf(look.appName);
showLook(look, speech.words.adminTitle);
createRoot(element).render(
  <StrictMode>
    <SpeechProvider speech={speech}>
      <AdminLanding search={location.search} look={{ appName: look.appName, logo: look.logo }} />
    </SpeechProvider>
  </StrictMode>,
);
