/** The redirect page: hands the answer of a hidden frame back to the page that opened it. */
import { broadcastResponseToMainFrame } from '@azure/msal-browser/redirect-bridge';

await broadcastResponseToMainFrame();
