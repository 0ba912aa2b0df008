/** The page at the stand-in's own address: its people, the faults that can be set, and the journal. */
import type { Context } from 'hono';
import { html } from 'hono/html';
import { GRAPH_TOKENS } from './applicationEndpoints.ts';
import { FAULT_RULES } from './faultRules.ts';
import { respondWithPage } from './pages.ts';
import type { StandIn } from './standIn.ts';

/** A limit, because a load test has thousands of people. */
const MOST_PEOPLE = 50;

export function indexPage(c: Context, { origin, people }: StandIn) {
  const [first] = people.all;
  const shown = people.all.slice(0, MOST_PEOPLE);
  const person = ({ name, displayName, upn, tid, homeTid }: (typeof shown)[number]) => html`<li>
    ${name} <small>${displayName}, ${upn}, of tenant ${tid}${tid === homeTid ? '' : ' (guest)'}</small>
  </li>`;
  const fault = ([kind, { scopes, at, takes }]: [string, (typeof FAULT_RULES)[keyof typeof FAULT_RULES]]) =>
    html`<li>
      ${kind}
      <small>for ${scopes.join(', ')}; at ${at.join(', ')}${takes.length > 0 ? `; takes ${takes.join(', ')}` : ''}</small>
    </li>`;
  const example = `${origin}/dev/users/${first?.name}/fault`;
  const body = html`<h1>Stand-in for Microsoft Entra ID and Microsoft Graph</h1>
    <p>It signs in everybody without a password, and only this machine can reach it.</p>
    <h2>Requests and answers</h2>
    <ul>
      <li><a href="/dev/requests">The journal</a> <small>every request with its answer, without tokens</small></li>
      <li><a href="/dev/users">Everybody</a> <small>with their ids</small></li>
      <li><a href="/dev/lifetimes">The lifetimes of tokens</a> <small>PUT to the same address changes them</small></li>
    </ul>
    <h2>People</h2>
    <ul>${shown.map(person)}</ul>
    ${people.all.length > MOST_PEOPLE ? html`<p>And ${people.all.length - MOST_PEOPLE} more.</p>` : ''}
    <h2>Faults</h2>
    <p>PUT sets a fault and DELETE ends it, for a user, a tenant or the whole server:</p>
    <pre>curl -X PUT ${example} -d '{"kind":"throttled","at":"token","retryAfter":30}'
curl -X DELETE ${example}</pre>
    <p>The addresses are /dev/users/NAME/fault, /dev/tenants/ID/fault and /dev/fault. "at" is token if it is left out.
      "times" says how many requests a fault hits; without it, a fault lasts until it is ended.</p>
    <p>POST /dev/users/NAME/restore ends everything that is wrong with a person: faults, revocations and withdrawn consents.
      POST /dev/users/NAME/reset makes them as they were at the start. PUT /dev/users/NAME/lifetimes changes the lifetimes of
      their tokens alone.</p>
    <ul>${Object.entries(FAULT_RULES).map(fault)}</ul>
    <h2>Consent</h2>
    <p>Nobody has consented at the start. GET /dev/consent lists who did since; DELETE /dev/users/NAME/consent and
      /dev/tenants/ID/consent withdraw it, for one application with ?client=ID. PUT /dev/tenants/ID/consent with
      {"usersMayConsent":false} leaves consent to administrators, PUT /dev/consent with {"delaySeconds":20} lets it take
      effect late, and PUT /dev/applications/ID changes requiredResourceAccess and knownClientApplications.</p>
    <h2>Files and mail</h2>
    <p>POST /dev/users/NAME/files and /dev/users/NAME/messages add one, PUT and DELETE /dev/users/NAME/files/ID change and
      delete it, and so for messages. DELETE /dev/users/NAME/delta-links lets the person's delta links end. PUT /dev/belongings
      with {"pageSize":2} makes the pages of delta queries small, and with {"activitySeconds":20} everybody gets mail and files
      so often.</p>
    <pre>curl -X POST ${origin}/dev/users/${first?.name}/files -d '{"name":"News.txt"}'</pre>
    <h2>Registrations</h2>
    <p>Graph's applications, service principals, federated credentials and grants are at ${origin}/v1.0. They take the token
      ${GRAPH_TOKENS.administrator}, or ${GRAPH_TOKENS.developer} and ${GRAPH_TOKENS.reader}, which may do less.</p>
    <pre>GRAPH_TOKEN=${GRAPH_TOKENS.administrator} npm run entra:register -- --graph-url ${origin} --dry-run</pre>`;
  return respondWithPage(c, 'Stand-in for Entra ID', body);
}
