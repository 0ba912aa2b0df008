import type { ReactNode } from 'react';

type NoticeProps = {
  title: string;
  children: ReactNode;
  /** At most one thing to do about it. */
  action?: ReactNode;
  /** What to quote to whoever runs the service. */
  reference?: string | undefined;
};

/** Something the person should know. Only its words are announced, so that a button may change its label. */
export function Notice({ title, children, action, reference }: NoticeProps) {
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
    </article>
  );
}
