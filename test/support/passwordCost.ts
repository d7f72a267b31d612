/** The cheapest cost of a password that the product allows: for tests that are about something else. */
export const CHEAP = { N: 2 ** 15, r: 1, p: 1 } as const;
