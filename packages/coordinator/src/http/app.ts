/** The HTTP server under REST, page and WebSockets, with its time-outs. */
import { unreadableRequest } from '@quorate/wire';
import fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import type { Socket } from 'node:net';
import type { Timeouts } from '../limits/defaults.ts';
import type { ServerOptions } from '../options.ts';
import { ApiError, apiErrorOf, sendProblem } from '../rest/errors.ts';
import { type AnswerOptions, refuseSocket } from './answers.ts';

/** How often Node looks for late requests, milliseconds. */
const CHECK_MS = 2_000;

/** Makes the server; nothing listens yet. */
export function createApp(
  options: ServerOptions,
  timeouts: Timeouts,
  answers: AnswerOptions,
): FastifyInstance {
  const { headers, request, keepAlive, handshake } = timeouts;
  const headersTimeout = Math.min(headers, request);
  const http = {
    headersTimeout,
    connectionsCheckingInterval: Math.min(CHECK_MS, headersTimeout),
    requireHostHeader: false,
  };
  const common = {
    ...(options.logger === undefined ? {} : { loggerInstance: options.logger }),
    logController: new LogController({ disableRequestLogging: true }),
    // Only ClientAddresses reads clients' addresses, for upgrades as for requests.
    trustProxy: false,
    // Usernames and chip names in a path: up to 128 characters, percent-encoded.
    routerOptions: { maxParamLength: 2048 },
    requestTimeout: request,
    keepAliveTimeout: keepAlive,
    forceCloseConnections: true,
    // A hook answers instead, in the form of every error.
    return503OnClosing: false,
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) => {
      void sendProblem(
        reply.headers(answers.headers),
        apiErrorOf(error, request),
        answers.language,
      );
    },
    clientErrorHandler: (error: Error, socket: Socket) => {
      const told = unreadableRequest(error);
      if (told === undefined) socket.destroy();
      else refuseSocket(socket, new ApiError(told.code, told.detail), answers);
    },
  };
  const { tls } = options;
  if (tls === undefined) return fastify({ ...common, http });
  const https = {
    ...http,
    cert: tls.certificate,
    key: tls.key,
    minVersion: 'TLSv1.2' as const,
    handshakeTimeout: handshake,
  };
  // Fastify types an HTTPS server as another class; the interface used here is the same.
  return fastify({ ...common, https }) as unknown as FastifyInstance;
}
