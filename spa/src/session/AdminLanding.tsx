import { Notice } from '../ui/Notice.tsx';
import { PageHeader } from '../ui/PageHeader.tsx';
import { type Outcome, readOutcome } from './adminOutcome.ts';

const TITLES: Record<Outcome['state'], string> = {
  given: 'The directory says that the permission is given',
  refused: 'The permission was not given',
  nothing: 'This page is for administrators',
};

/** Where an administrator lands who gave a permission for a whole organisation, or did not. Nothing is decided here. */
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
          This page proves nothing and opens nothing: anybody can open it with any address. Which
          organisations the service serves is its own setting, <code>ALLOWED_TENANTS</code>. Those who run the
          service change it, once they have your tenant id from you in a way that they trust.
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
      return <>Nothing has changed. Open the link again if that was not what you wanted.</>;
    case 'nothing':
      return <>It says what came of a permission that was asked for with Stead’s link for administrators.</>;
    default:
      return outcome satisfies never;
  }
}
