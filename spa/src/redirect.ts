import { broadcastResponseToMainFrame } from '@azure/msal-browser/redirect-bridge';

// Hidden frames and pop-ups come back here: the answer goes to the page that opened them. Without one there is
// nobody to tell, and the page itself says so after its time-out.
broadcastResponseToMainFrame().catch(() => {});
