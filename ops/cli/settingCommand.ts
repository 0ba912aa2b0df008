/** What neither sh nor PowerShell reads as anything but text. */
const PLAIN = /^[\w.:/@+-]*$/;

/**
 * A line that sets these values in the environment of azd, for a person to paste into sh or PowerShell. Empty values are left
 * out.
 */
export function settingCommand(values: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(values)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => (PLAIN.test(value) ? `${name}=${value}` : `'${name}=${value}'`));
  return ['azd', 'env', 'set', ...pairs].join(' ');
}
