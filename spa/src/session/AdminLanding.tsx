import { Notice } from '../ui/Notice.tsx';
import { PageHeader } from '../ui/PageHeader.tsx';
import { useWords } from '../words/speech.tsx';
import { readOutcome } from './adminOutcome.ts';
import type { Look } from './pageConfig.ts';

/**
 * The page to which the directory leads administrators after they were asked to give a permission for their whole
 * organisation. It only shows what the address says, and decides nothing.
 */
export function AdminLanding({ search, look }: { search: string; look: Look }) {
  const { admin } = useWords();
  const outcome = readOutcome(search);
  const [before, after] = admin.proves('|').split('|');
  return (
    <>
      <PageHeader {...look} />
      <main className="container">
        <Notice
          title={admin[outcome.state]}
          tone={outcome.state === 'refused' ? 'bad' : 'quiet'}
          details={
            outcome.state === 'refused' ? [{ name: 'entraCode', value: outcome.code }, ...outcome.ids] : []
          }
        >
          {admin[`${outcome.state}Text`]}
        </Notice>
        <p className="small-print">
          {before}
          <code>ALLOWED_TENANTS</code>
          {after}
        </p>
      </main>
    </>
  );
}
