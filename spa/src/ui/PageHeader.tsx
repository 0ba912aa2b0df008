import { type ReactNode, useState } from 'react';
import { useWords } from '../words/speech.tsx';

type PageHeaderProps = { appName: string; logo: string; children?: ReactNode };

/** The name of the application, and at most one button. */
export function PageHeader({ appName, logo, children }: PageHeaderProps) {
  const { tagline } = useWords();
  /** The address of a picture that cannot be had. */
  const [broken, setBroken] = useState<string>();
  return (
    <header className="container top">
      {logo !== broken && <img src={logo} alt="" width="40" height="40" onError={() => setBroken(logo)} />}
      <div>
        <h1 dir="auto">{appName}</h1>
        <p>{tagline}</p>
      </div>
      {children}
    </header>
  );
}
