/** The HTTP server under REST and `/peer`: how many connections it takes, and how long it waits for them. */
import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Doors } from '../doors.ts';

/** A connection on which nothing happens for so long is ended; an answer is held for 170 s at most. */
const SILENCE_MS = 200_000;
/** How long a connection is kept open between two requests, milliseconds. */
const KEEP_ALIVE_MS = 10_000;
/** How often those that are late are looked for, milliseconds. */
const LOOK_EVERY_MS = 1000;

/** What a server is to bear. */
export interface ListenerOptions {
  readonly doors: Doors;
  readonly tls: { readonly cert: Buffer; readonly key: Buffer } | null;
  /** Seconds. */
  readonly waits: {
    /** For the handshake of TLS, and again for the head of a request. */
    readonly handshake: number;
    /** For a whole request. */
    readonly request: number;
  };
}

/** Makes the servers of one cosigner: one for each address that it listens on. */
export function serverFactory({
  doors,
  tls,
  waits,
}: ListenerOptions): (handler: RequestListener) => Server {
  const handshake = waits.handshake * 1000;
  const options: ServerOptions = {
    headersTimeout: handshake,
    requestTimeout: Math.max(waits.request * 1000, handshake),
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: LOOK_EVERY_MS,
  };
  return (handler) => {
    const server =
      tls === null
        ? createServer(options, handler)
        : createTlsServer({ ...options, ...tls, handshakeTimeout: handshake }, handler);
    server.setTimeout(SILENCE_MS);
    doors.guard(server);
    return server;
  };
}
