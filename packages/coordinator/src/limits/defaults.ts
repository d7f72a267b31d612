/** Default limits. Times are milliseconds. */
import type { ConnectionLimits } from '@quorate/wire';

/** How long the server waits for a client, before any session. */
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

/** How often clients may do things that are costly for the server. */
export interface Rates {
  /** Logins and set-ups from one address per minute; each costs a password hash. */
  readonly loginsPerAddress: number;
  /** Token refreshes from one address per minute: a whole team may share it. */
  readonly refreshesPerAddress: number;
  /** REST requests of one user per minute. */
  readonly requestsPerUser: number;
  /** Wrong passwords in a row for one name from one place before that place has to wait. */
  readonly guessesPerPlace: number;
  /** Wrong passwords for one name from places that its user has not used, before they have to wait. */
  readonly guessesPerName: number;
  /** Messages of one connection per second, and in a burst. */
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

/** Fills in defaults; reserves a quarter of all connections for registered clients. */
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

/** Bounds of one user's open requests. */
export interface RequestLimits {
  /** Open sessions that one user may have asked for. */
  readonly openSessions: number;
  /** Open requests of one user that one participant has not accepted yet. */
  readonly unansweredPerParticipant: number;
}

/** Bounds unless configured. Agents answer as fast as their chips can, so all open requests of a user may wait for one. */
export const REQUEST_LIMITS: RequestLimits = { openSessions: 256, unansweredPerParticipant: 256 };

/** Connections of one user in one role unless configured; a participant always has one. */
export const CONNECTIONS_PER_USER = 32;
