import type { ReactNode } from 'react';

type NoticeProps = { title: string; children: ReactNode; action?: { label: string; run: () => void } };

/** Something the person should know, with at most one thing to do about it. */
export function Notice({ title, children, action }: NoticeProps) {
  return (
    <article className="notice" role="alert">
      <h2>{title}</h2>
      <p>{children}</p>
      {action && (
        <button type="button" onClick={action.run}>
          {action.label}
        </button>
      )}
    </article>
  );
}
