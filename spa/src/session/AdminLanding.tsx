import { Notice } from '../ui/Notice.tsx';
import { PageHeader } from '../ui/PageHeader.tsx';
import { type Outcome, readOutcome } from './adminOutcome.ts';

const TITLES: Record<Outcome['state'], string> = {
  given: 'The directory says that the permission is given',
  refused: 'The permission was not given',
  nothing: 'This page is for administrators',
};

/**
 * The page to which the directory leads administrators after they were asked to give a permission for their whole
 * organisation. It only shows what the address says, and decides nothing.
 */
export function AdminLanding({ search }: { search: string }) {
  const outcome = readOutcome(search);
  return (
    <>
      <PageHeader />
      <main className="container">
        <Notice
          title={TITLES[outcome.state]}
          reference={'code' in outcome ? outcome.code : undefined}
          details={'ids' in outcome ? outcome.ids : []}
        >
          <Text outcome={outcome} />
        </Notice>
        <p>
          This page proves nothing and changes nothing: anybody can open it with any address. The setting{' '}
          <code>ALLOWED_TENANTS</code> of the service says which organisations it serves. The people who run
          the service change it after you have sent them your tenant id in a way that they trust.
        </p>
      </main>
    </>
  );
}

function Text({ outcome }: { outcome: Outcome }) {
  switch (outcome.state) {
    case 'given':
      return (
        <>
          Tell the people who asked you to open Stead again and to choose the button that it shows. It can
          take a minute.
        </>
      );
    case 'refused':
      return <>Nothing has changed. If you want to give the permission, open the link again.</>;
    case 'nothing':
      return <>It shows the directory’s answer after an administrator has opened Stead’s link.</>;
    default:
      return outcome satisfies never;
  }
}
