type ProgressProps = {
  /** What is under way; undefined when it is done. */
  doing: string | undefined;
  /** Told to screen readers when it is done; nothing if what came of it tells itself. */
  done?: string | undefined;
};

/** Stays in the page, so that screen readers notice its changes. */
export function Progress({ doing, done }: ProgressProps) {
  if (doing === undefined) {
    return (
      <p role="status" className="visually-hidden">
        {done}
      </p>
    );
  }
  return (
    <p role="status" className="progress">
      <span aria-busy="true" aria-hidden="true" />
      {doing}
    </p>
  );
}
