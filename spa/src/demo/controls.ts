/** The controls of the local platform, by their names in its addresses, with the words on their buttons. */
export const GROUPS = [
  {
    title: 'The worker',
    controls: { run: 'Run the worker now', leave: 'Leave for a while' },
  },
  {
    title: 'What your organisation does to you',
    controls: {
      revoke: 'Revoke my sign-in',
      mfa: 'Ask me for MFA',
      consent: 'Withdraw my consent',
      throttle: 'Throttle me',
      outage: 'Outage',
      silence: 'Do not answer',
      well: 'All is well',
    },
  },
  {
    title: 'How long your tokens last',
    controls: { 'short-tokens': 'Half a minute', 'hour-tokens': 'An hour' },
  },
] as const;

type Step = { text: string; button: string; control: string };

/** The story in six steps. Each has one sentence, and one button that does it. */
export const STEPS: readonly Step[] = [
  { text: 'You have signed in, and that was all. Now leave for a while.', button: 'Leave', control: 'leave' },
  {
    text: 'Your organisation ends all your sign-ins, as it does after a lost phone.',
    button: 'End my sign-ins',
    control: 'revoke',
  },
  {
    text: 'You are still away, and the worker comes round again.',
    button: 'Let the worker run',
    control: 'run',
  },
  {
    text: 'You come back, the page says that you are needed, and you sign in once.',
    button: 'Sign me in again',
    control: 'return',
  },
  {
    text: 'Leave once more: everything goes on where it stopped.',
    button: 'Leave again',
    control: 'leave',
  },
  { text: 'You have had enough of it, so you say stop.', button: 'Stop it', control: 'disconnect' },
];

/**
 * @returns what was done, as sentences for the person
 * @throws {Error} Its message says why it was not done.
 */
export async function press(user: string, control: string): Promise<string> {
  const response = await fetch(`/dev/users/${user}/${control}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: '{}',
  });
  const text = await response.text();
  if (!response.headers.get('content-type')?.startsWith('application/json'))
    throw new Error(`The local platform answered ${response.status}: ${text}`);
  const { says } = JSON.parse(text) as { says: string };
  if (!response.ok) throw new Error(says);
  return says;
}
