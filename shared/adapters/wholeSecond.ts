/** Rounds up to a whole second, as the stores keep due times. No account is checked too early by it. */
export function wholeSecond(at: Date): Date {
  return new Date(Math.ceil(at.getTime() / 1000) * 1000);
}
