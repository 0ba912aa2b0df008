import { useEffect, useRef, useState } from 'react';
import { Drawer } from './Drawer.tsx';
import './demo.css';
import { useControls } from './useControls.ts';
import { useTour } from './useTour.ts';

type DemoControlsProps = {
  /** The user name; the part before the @ is the person's name in the stand-in. */
  userName: string;
  /** True if nothing goes on before they sign in; undefined while that is not known. */
  isNeeded: boolean | undefined;
  /** Called after each control, so that the page reads the connection again. */
  changed: () => Promise<unknown>;
};

/** The button at the edge of the page, and the drawer that it opens. Only the local platform has them. */
export function DemoControls({ userName, isNeeded, changed }: DemoControlsProps) {
  const [isOpen, setIsOpen] = useState(false);
  const opener = useRef<HTMLButtonElement>(null);
  const wasOpen = useRef(false);
  const user = userName.split('@')[0] ?? '';
  const controls = useControls(user, changed);
  const tour = useTour(user, isNeeded);

  useEffect(() => {
    document.documentElement.toggleAttribute('data-demo-open', isOpen);
    if (wasOpen.current && !isOpen) opener.current?.focus();
    wasOpen.current = isOpen;
    return () => document.documentElement.removeAttribute('data-demo-open');
  }, [isOpen]);

  return (
    <section aria-label={controls.words.demo}>
      <button
        ref={opener}
        type="button"
        className="demo-opener"
        hidden={isOpen}
        aria-haspopup="dialog"
        onClick={() => setIsOpen(true)}
      >
        {controls.words.story}
      </button>
      {isOpen && <Drawer controls={controls} tour={tour} close={() => setIsOpen(false)} />}
    </section>
  );
}
