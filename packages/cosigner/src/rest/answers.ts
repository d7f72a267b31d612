/**
 * Answers outside of all routes: unreadable requests, refused upgrades. They have the form of every other
 * refusal.
 */
import { type CosignerCode, unreadableRequest } from '@quorate/wire';
import { ANSWER_HEADERS, answerAndClose, answerSocket, lacksHost } from '@quorate/wire/http';
import type { FastifyInstance } from 'fastify';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { CosignerError } from '../errors.ts';
import { problemAnswer, sendProblem } from './problem.ts';

/** Makes the server answer in that form even where no route and no error handler does. */
export function answerEverything(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(ANSWER_HEADERS);
    if (lacksHost(request.raw)) {
      throw new CosignerError('invalid_request', 'a host header is needed');
    }
  });
  app.setNotFoundHandler((_request, reply) => sendProblem(reply, 'not_found', 'no such route'));
  app.server.on('checkExpectation', (_request: IncomingMessage, response: ServerResponse) => {
    answerAndClose(response, problemAnswer('expectation_failed', 'only 100-continue is supported'));
  });
}

/** Refuses on a bare socket in that form, and releases the socket. */
export function refuseSocket(socket: Duplex, code: CosignerCode, detail: string): void {
  answerSocket(socket, problemAnswer(code, detail));
}

/** Answers bytes that are not a request; a broken connection is only released. */
export function answerUnreadable(error: Error, socket: Duplex): void {
  const told = unreadableRequest(error);
  if (told === undefined) socket.destroy();
  else refuseSocket(socket, told.code, told.detail);
}
