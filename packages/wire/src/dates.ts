/** Dates as people compare them: what is refused for its date is told with both clocks. */

/** A date in words; one that no calendar holds as its number. */
export function dateOf(at: number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? `${at} ms since 1970` : date.toISOString();
}

/** That something is good only until a date, which this clock finds wrong: the likely cause is a clock. */
export function clockDoubt(goodUntil: number, now: number): string {
  return `it is good until ${dateOf(goodUntil)}, the clock here shows ${dateOf(now)}; is one of the clocks wrong?`;
}
