import type { ReactNode } from 'react';
import { CopyButton } from './CopyButton.tsx';

/** One code or id of a failure. It identifies the failed call, and no person. */
export type Detail = { label: string; value: string };

type NoticeProps = {
  title: string;
  children: ReactNode;
  /** What the person can do: usually one button. */
  action?: ReactNode;
  /** What to quote to the people who run the service. */
  reference?: string | undefined;
  details?: readonly Detail[];
  /** True when nobody at the page can repair it: the details then matter most. */
  detailsOpen?: boolean;
};

/** Something that the person should know. The button is outside the alert, so a new label is not announced. */
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
      {details.length > 0 && <Details details={details} open={detailsOpen} />}
    </article>
  );
}

function Details({ details, open }: { details: readonly Detail[]; open: boolean }) {
  return (
    <details open={open}>
      <summary>Details</summary>
      <dl>
        {details.map(({ label, value }) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>
              <code>{value}</code>
            </dd>
          </div>
        ))}
      </dl>
      <CopyButton text={details.map(({ label, value }) => `${label}: ${value}`).join('\n')} what="details" />
    </details>
  );
}
