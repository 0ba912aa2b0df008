/** Rounds up to a whole second, because the stores keep due times so. No account is then checked too early. */
export function wholeSecond(at: Date): Date {
  return new Date(Math.ceil(at.getTime() / 1000) * 1000);
}
