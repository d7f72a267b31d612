/**
 * Features of a server beyond the first version of the protocol. A header of its answer to the WebSocket
 * upgrade lists them, because a peer of that version refuses unknown fields of `register_complete`.
 */

/** Messages and fields that a client sends only to a server that lists them. */
export const FEATURES = ['round_problem', 'cancel_request', 'close_request', 'client_id'] as const;

/** One of them. */
export type Feature = (typeof FEATURES)[number];

/** The header: names, separated by commas. */
export const FEATURES_HEADER = 'quorate-features';

/** The header with the server's wall clock, in milliseconds: a client can warn that its own is far off. */
export const TIME_HEADER = 'quorate-time';

/** The date in a header; undefined if it is not a date. */
export function timeOf(header: unknown): number | undefined {
  return typeof header === 'string' && /^\d{1,15}$/.test(header) ? Number(header) : undefined;
}

/** The longest header that is read. */
const MAX_HEADER = 1024;

/** The known features that a header lists; none without a header. */
export function featuresOf(header: unknown): ReadonlySet<Feature> {
  if (typeof header !== 'string' || header.length > MAX_HEADER) return new Set();
  const named = new Set(header.split(',').map((name) => name.trim()));
  return new Set(FEATURES.filter((feature) => named.has(feature)));
}
