import { defineApi } from '../../shared/tokens/defineApi.ts';

/** A downstream API beside Graph. What happens there must touch neither Graph nor the connection. */
export const NOTES = defineApi({
  name: 'notes',
  resource: 'api://notes',
  baseUrl: 'https://notes.example/',
});
