import { graph } from '../adapters/graph/graphApi.ts';
import { isRecord } from '../isRecord.ts';
import { defineTask } from '../worker/defineTask.ts';
import { type DeltaEntry, followDelta, GraphRefusedError } from './followDelta.ts';

/**
 * `latest` gives a link without the files that are there already
 * (https://learn.microsoft.com/graph/api/driveitem-delta#example-3-retrieving-the-current-deltalink).
 */
const FROM_NOW_ON = '/v1.0/me/drive/root/delta?token=latest&$select=id,file,deleted&$top=200';

/**
 * Counts the files of the user's OneDrive that are new or changed since the last check. It tells no names: what a user's
 * files are called may be as confidential as what is in them. Users can consent to `Files.Read` themselves.
 */
export const driveChanges = defineTask({
  name: 'drive-changes',
  title: 'Changes in your OneDrive',
  api: graph,
  scopes: ['Files.Read'],
  timeoutMs: 30_000,
  async run({ api, state }) {
    const link = typeof state === 'string' ? state : undefined;
    const delta = await followDelta(api, { link, start: () => FROM_NOW_ON }).catch((error: unknown) => {
      const hasNoDrive = error instanceof GraphRefusedError && error.statusCode === 404;
      throw hasNoDrive ? new GraphRefusedError(404, 'NoDrive') : error;
    });
    if (delta.isAnew)
      return { summary: link === undefined ? BEGUN : BEGUN_AGAIN, count: 0, state: delta.link };
    const count = delta.entries.filter(isFile).length;
    return { ...told(count, delta.isComplete), count, state: delta.link };
  },
});

const BEGUN = 'Your files are watched from now on.';
const BEGUN_AGAIN = 'Some changes could not be counted. Your files are watched from now on.';

/** Folders change with each file in them, and what was deleted is not new. */
const isFile = ({ file, deleted }: DeltaEntry): boolean => isRecord(file) && deleted === undefined;

/** Without a change there is nothing to say, and what was said last stays. */
function told(count: number, isComplete: boolean): { summary?: string } {
  if (count === 0) return {};
  const files = count === 1 ? '1 new or changed file' : `${count} new or changed files`;
  return { summary: isComplete ? files : `${files} so far` };
}
