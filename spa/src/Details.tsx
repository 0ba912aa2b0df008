import { CopyButton } from './CopyButton.tsx';
import type { Detail } from './directoryIds.ts';

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
