/**
 * What a server understands beyond the first version of the protocol. It says so in a header of its answer
 * to the WebSocket upgrade, since a peer of that version refuses unknown fields of `register_complete`.
 */

/** Messages and fields that a client sends only to a server that names them. */
export const FEATURES = ['round_problem', 'cancel_request', 'close_request', 'client_id'] as const;

/** One of them. */
export type Feature = (typeof FEATURES)[number];

/** The header: names, separated by commas. */
export const FEATURES_HEADER = 'quorate-features';

/** The header with the server's wall clock, in milliseconds: a client whose own is far from it can say so. */
export const TIME_HEADER = 'quorate-time';

/** The date of a header; undefined for anything that is none. */
export function timeOf(header: unknown): number | undefined {
  return typeof header === 'string' && /^\d{1,15}$/.test(header) ? Number(header) : undefined;
}

/** Longest header that is read. */
const MAX_HEADER = 1024;

/** The known features that a header names; none when there is no header. */
export function featuresOf(header: unknown): ReadonlySet<Feature> {
  if (typeof header !== 'string' || header.length > MAX_HEADER) return new Set();
  const named = new Set(header.split(',').map((name) => name.trim()));
  return new Set(FEATURES.filter((feature) => named.has(feature)));
}
