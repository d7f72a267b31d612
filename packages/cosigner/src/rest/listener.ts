/** The HTTP server under REST and `/peer`: its limit of connections, and how long it waits for them. */
import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Doors } from '../doors.ts';

/** A connection idle for so long is ended; an answer is held for 170 s at most. */
const SILENCE_MS = 200_000;
/** How often late connections are looked for, milliseconds. */
const LOOK_EVERY_MS = 1000;

/** How long to wait for a client, seconds. */
export interface Timeouts {
  /** For a TLS handshake, and for a partner's proof at `/peer`. */
  readonly handshake: number;
  /** For the head of a request, from the opening of the connection. */
  readonly headers: number;
  /** For a whole request. */
  readonly request: number;
  /** For the next request on an open connection. */
  readonly keep_alive: number;
}

/** Limits of a server. */
export interface ListenerOptions {
  readonly doors: Doors;
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | null;
  readonly timeouts: Timeouts;
}

/** Makes the servers of one cosigner: one for each address that it listens on. */
export function serverFactory({
  doors,
  tls,
  timeouts,
}: ListenerOptions): (handler: RequestListener) => Server {
  const { handshake, headers, request, keep_alive: keepAlive } = timeouts;
  const options: ServerOptions = {
    headersTimeout: headers * 1000,
    requestTimeout: Math.max(request, headers) * 1000,
    keepAliveTimeout: keepAlive * 1000,
    connectionsCheckingInterval: LOOK_EVERY_MS,
    // A hook answers instead, in the form of every refusal.
    requireHostHeader: false,
  };
  return (handler) => {
    const server =
      tls === null
        ? createServer(options, handler)
        : createTlsServer({ ...options, ...tls, handshakeTimeout: handshake * 1000 }, handler);
    server.setTimeout(SILENCE_MS);
    doors.guard(server);
    return server;
  };
}
