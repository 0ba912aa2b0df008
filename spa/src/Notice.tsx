import type { ReactNode } from 'react';
import { Details } from './Details.tsx';
import type { Detail } from './directoryIds.ts';

type NoticeProps = {
  title: string;
  children: ReactNode;
  /** What can be done about it: at most one button, and what it needs. */
  action?: ReactNode;
  /** What to quote to whoever runs the service. */
  reference?: string | undefined;
  /** The rest of what names it. */
  details?: readonly Detail[];
  /** Nobody at the page can mend it: then the details are what matters. */
  detailsOpen?: boolean;
};

/** Something the person should know. Only its words are announced, so that a button may change its label. */
export function Notice({
  title,
  children,
  action,
  reference,
  details = [],
  detailsOpen = false,
}: NoticeProps) {
  return (
    <article className="notice">
      <div role="alert">
        <h2>{title}</h2>
        <p>{children}</p>
      </div>
      {action}
      {reference !== undefined && (
        <p className="reference">
          Reference <code>{reference}</code>
        </p>
      )}
      <Details details={details} open={detailsOpen} />
    </article>
  );
}
