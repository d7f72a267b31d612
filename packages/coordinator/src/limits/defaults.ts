/** What holds where the operator says nothing else. Times are milliseconds. */
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
