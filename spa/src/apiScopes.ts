/**
 * All that is registered for the API, and for whatever the API calls on the person's behalf: an interactive request has
 * to ask for this, because the directory shows one consent page for both in no other case
 * (https://learn.microsoft.com/entra/identity-platform/v2-oauth2-on-behalf-of-flow, "default and combined consent").
 * @param apiScope `api://<client id of the API>/<scope>`
 */
export const allOf = (apiScope: string): string => apiScope.replace(/[^/]*$/, '.default');
