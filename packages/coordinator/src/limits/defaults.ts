/** Limits that hold unless the operator sets others. Times are milliseconds. */
import type { ConnectionLimits } from '@quorate/wire';

/** How long the server waits for a client, before any session is concerned. */
export interface Timeouts {
  /** For a TLS handshake. */
  readonly handshake: number;
  /** For the head of an HTTP request, from the moment that its connection is open or idle. */
  readonly headers: number;
  /** For a whole HTTP request. */
  readonly request: number;
  /** For the next request on an open connection. */
  readonly keepAlive: number;
  /** For the `register` of a WebSocket. */
  readonly register: number;
}

/** How often clients may do what costs the server something. */
export interface Rates {
  /** Logins and set-ups of one address in a minute, each at the cost of a password hash. */
  readonly loginsPerAddress: number;
  /** Refreshed tokens of one address in a minute: a whole team may be behind it. */
  readonly refreshesPerAddress: number;
  /** REST requests of one user in a minute. */
  readonly requestsPerUser: number;
  /** Wrong passwords in a row of one name from one place, before it has to wait. */
  readonly guessesPerPlace: number;
  /** Wrong passwords of one name from places that its user was not seen at, before they have to wait. */
  readonly guessesPerName: number;
  /** Messages of one connection in a second, and at once. */
  readonly messagesPerSecond: number;
  readonly messagesAtOnce: number;
}

/** Rates unless configured. */
export const RATES: Rates = {
  loginsPerAddress: 60,
  refreshesPerAddress: 600,
  requestsPerUser: 1_200,
  guessesPerPlace: 5,
  guessesPerName: 50,
  messagesPerSecond: 1024,
  messagesAtOnce: 4096,
};

/** Bounds of a server's connections unless configured. */
export const CONNECTIONS: Omit<ConnectionLimits, 'reserved'> = { total: 2000, perAddress: 500 };

/** Fills in what is not configured; a quarter of all connections is for registered clients. */
export function connectionLimits(given: Partial<ConnectionLimits> = {}): ConnectionLimits {
  const limits = { ...CONNECTIONS, ...given };
  return { ...limits, reserved: given.reserved ?? Math.floor(limits.total / 4) };
}

/** Time-outs unless configured. */
export const TIMEOUTS: Timeouts = {
  handshake: 10_000,
  headers: 10_000,
  request: 30_000,
  keepAlive: 30_000,
  register: 10_000,
};

/** Bounds of the requests of one user that are open. */
export interface RequestLimits {
  /** Open sessions that one user may have asked for. */
  readonly openSessions: number;
  /** Open requests of one user that one participant has not accepted yet. */
  readonly unansweredPerParticipant: number;
}

/** Bounds unless configured. */
export const REQUEST_LIMITS: RequestLimits = { openSessions: 256, unansweredPerParticipant: 64 };

/** Connections of one user in one role unless configured; a participant has one, whatever is configured. */
export const CONNECTIONS_PER_USER = 32;
