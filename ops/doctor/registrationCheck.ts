import { PlainError } from '../cli/errors.ts';
import { planRegistration } from '../entra/registrationPlan.ts';
import { type Check, type Line, ok, warn, wrong } from './check.ts';
import { ASK_AGAIN } from './commands.ts';
import { isLine } from './registration.ts';

/** Everything that `npm run entra:register` would change is wrong. */
export const registrationCheck: Check = {
  name: 'registration',
  async run({ registration, command: { register } }) {
    const read = await registration();
    if (isLine(read)) return [read];
    const { wish, registered, mend } = read;
    if (registered.page === undefined) {
      return [
        wrong('Which application is the page is not known, and none has the tag of this project.', {
          remedy: 'Give its client id as SPA_CLIENT_ID or --page-client-id, or register it.',
          command: mend,
        }),
      ];
    }
    try {
      const { calls, notes } = planRegistration(wish, registered);
      const lines = [
        ...(wish.pageUrls.length === 0 && !register.includes('--no-page-url') ? [withoutAddress(mend)] : []),
        ...calls.map(({ why }) => wrong(`To do: ${why}.`, { command: mend })),
        ...notes.map((note) => warn(note)),
      ];
      return lines.length > 0 ? lines : [ok('The API and the page are registered as they have to be.')];
    } catch (error) {
      if (error instanceof PlainError) return [wrong(error.message, { command: ASK_AGAIN })];
      throw error;
    }
  },
};

const withoutAddress = (mend: string): Line =>
  wrong('The page has no redirect URI, so nobody can sign in.', {
    remedy: 'Register its address. Until it has one, give --no-page-url.',
    command: mend,
  });
