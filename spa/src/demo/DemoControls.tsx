import { useEffect, useRef, useState } from 'react';
import { Drawer } from './Drawer.tsx';
import './demo.css';
import { useControls } from './useControls.ts';

type DemoControlsProps = {
  /** The user name; the part before the @ is the person's name in the stand-in. */
  userName: string;
  /** Called after each control, so that the page reads the connection again. */
  changed: () => void;
};

/** The button at the edge of the page, and the drawer that it opens. Only the local platform has them. */
export function DemoControls({ userName, changed }: DemoControlsProps) {
  const [isOpen, setIsOpen] = useState(false);
  const opener = useRef<HTMLButtonElement>(null);
  const wasOpen = useRef(false);
  const controls = useControls(userName.split('@')[0] ?? '', changed);

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
      {isOpen && <Drawer controls={controls} close={() => setIsOpen(false)} />}
    </section>
  );
}
