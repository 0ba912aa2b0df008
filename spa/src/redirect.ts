import { broadcastResponseToMainFrame } from '@azure/msal-browser/redirect-bridge';

// Hidden frames come back here, and this sends their answer to the page that opened them. An error means that there is
// no such page. A page that gets no answer reports that itself, after MSAL's time-out.
broadcastResponseToMainFrame().catch(() => {});
