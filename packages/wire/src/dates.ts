/** Dates in words: a refusal because of a date shows both clocks. */

/** A date in words; a number outside the calendar as the number. */
export function dateOf(at: number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? `${at} ms since 1970` : date.toISOString();
}

/** Explains that something expired by this clock, and that one of the clocks may be wrong. */
export function clockDoubt(goodUntil: number, now: number): string {
  return `it is valid until ${dateOf(goodUntil)}, the clock here shows ${dateOf(now)}; is one of the clocks wrong?`;
}
