import type { PlantedFault } from './plantedFaults.ts';

/** Faults by which the token endpoint's refusal for one API counts for another one. */
export const REFUSAL_FAULTS: Readonly<Record<string, PlantedFault>> = {
  'missing consent for a task marks the user': {
    file: 'shared/worker/runTasks.ts',
    text: 'if (first.claims === undefined) return endedBy(first);',
    by: "if (first.claims === undefined)\n    return first.tokenFailure?.kind === 'consent' ? endedByChallenge(first.tokenFailure) : endedBy(first);",
    seed: 1,
    history: 4,
    found: /was marked, and (nothing was wrong with them|a grant of theirs is good)/,
  },
  'policy of another API marks the user': {
    file: 'shared/worker/runTasks.ts',
    text: 'if (first.claims === undefined) return endedBy(first);',
    by: "if (first.claims === undefined)\n    return first.tokenFailure?.kind === 'needs-user' ? endedByChallenge(first.tokenFailure) : endedBy(first);",
    seed: 1,
    history: 63,
    found: /was marked, and nothing was wrong with them/,
  },
  'grant of a link dropped for another API': {
    file: 'shared/adapters/entra/msal.ts',
    text: "first === 'code' && isOfGraph(request.api) && endsGrant(error.failure);",
    by: "first === 'code' && endsGrant(error.failure);",
    guided: 'a policy of another API wants a newer sign-in than that of a link',
    found: /the code's grant of u1 was lost in a write/,
  },
};
