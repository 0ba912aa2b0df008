type ProgressProps = {
  /** What is under way; undefined when nothing is. */
  doing: string | undefined;
  /** What screen readers hear when it is done; undefined if the result is announced elsewhere. */
  done?: string | undefined;
};

/** The element stays in the page all the time, because screen readers announce only changes of an existing one. */
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
