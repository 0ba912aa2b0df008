import type { ReactNode } from 'react';

/** The name of the page, and at most one button. */
export function PageHeader({ children }: { children?: ReactNode }) {
  return (
    <header className="container top">
      <img src="/favicon.svg" alt="" width="40" height="40" />
      <div>
        <h1>Stead</h1>
        <p>Acts for you while you are away</p>
      </div>
      {children}
    </header>
  );
}
