import { CopyButton } from './CopyButton.tsx';

/** What names a refusal to those who can mend it. It names nobody else. */
export type Detail = { label: string; value: string };

export function Details({ details, open = false }: { details: readonly Detail[]; open?: boolean }) {
  if (details.length === 0) return null;
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
