import type { ReactNode } from 'react';
import { useWords } from '../words/speech.tsx';
import type { Words } from '../words/words.ts';
import { CopyButton } from './CopyButton.tsx';
import { Mark } from './Mark.tsx';

export type DetailName = keyof Words['detailNames'];
/** One code or id of a failure. It identifies the failed call, and no person. */
export type Detail = { name: DetailName; value: string };

type NoticeProps = {
  title: string;
  children: ReactNode;
  /** What the person can do: usually one button. */
  action?: ReactNode;
  details?: readonly Detail[];
  /** True when nobody at the page can repair it: the details then matter most. */
  detailsOpen?: boolean;
  /** `bad`: something is wrong that does not pass by itself. */
  tone?: 'bad' | 'quiet';
};

/** Something that the person should know. The button is outside the alert, so a new label is not announced. */
export function Notice({
  title,
  children,
  action,
  details = [],
  detailsOpen = false,
  tone = 'bad',
}: NoticeProps) {
  return (
    <article className="notice" data-tone={tone}>
      <div className="headline" role="alert">
        <Mark shape={tone === 'bad' ? 'bad' : 'info'} />
        <h2>{title}</h2>
        <p>{children}</p>
      </div>
      {action}
      {details.length > 0 && <Details details={details} open={detailsOpen} />}
    </article>
  );
}

/** Codes and ids for the people who can find the failed call by them. */
export function Details({ details, open = false }: { details: readonly Detail[]; open?: boolean }) {
  const words = useWords();
  const named = details.map(({ name, value }) => ({ label: words.detailNames[name], value }));
  return (
    <details className="details" open={open}>
      <summary>{words.details}</summary>
      <dl>
        {named.map(({ label, value }) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>
              <code>{value}</code>
            </dd>
          </div>
        ))}
      </dl>
      <CopyButton
        text={named.map(({ label, value }) => `${label}: ${value}`).join('\n')}
        label={words.copyDetails}
      />
    </details>
  );
}
