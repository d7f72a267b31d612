/**
 * Answers outside of all routes: unreadable requests, unknown addresses, refused upgrades. All have the form
 * of the REST interface and the headers of every answer.
 */
import type { Language } from '@quorate/wire';
import { answerAndClose, answerSocket, type HttpAnswer, lacksHost } from '@quorate/wire/http';
import type { FastifyInstance } from 'fastify';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { ApiError, apiErrorOf, problemOf, sendProblem } from '../rest/errors.ts';

/** How errors are worded, and their headers. */
export interface AnswerOptions {
  readonly language: Language;
  readonly headers: Readonly<Record<string, string>>;
}

const NOT_FOUND = 'no such route';

/** Makes the server answer in that form even where no route does. */
export function answerEverything(
  app: FastifyInstance,
  options: AnswerOptions,
  onError: (error: unknown) => void,
): void {
  const { language, headers } = options;
  let closing = false;
  app.addHook('preClose', async () => {
    closing = true;
  });
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(headers);
    if (closing) throw new ApiError('restarting', '');
    if (lacksHost(request.raw)) throw new ApiError('invalid_request', 'a host header is needed');
  });
  app.setNotFoundHandler((_request, reply) =>
    sendProblem(reply, new ApiError('not_found', NOT_FOUND), language),
  );
  app.setErrorHandler((error, request, reply) => {
    const known = apiErrorOf(error, request);
    if (known.code === 'internal') onError(error);
    // The framework runs no hooks for methods that it does not know.
    return sendProblem(reply.headers(headers), known, language);
  });
  app.server.on('checkExpectation', (_request: IncomingMessage, response: ServerResponse) => {
    const error = new ApiError('expectation_failed', 'only 100-continue is supported');
    answerAndClose(response, answerOf(error, options));
  });
}

/** Refuses on a bare socket in that form, and releases the socket. */
export function refuseSocket(
  socket: Duplex,
  error: ApiError,
  options: AnswerOptions,
  more: Readonly<Record<string, string>> = {},
): void {
  const { headers, ...answer } = answerOf(error, options);
  answerSocket(socket, { ...answer, headers: { ...headers, ...more } });
}

function answerOf(error: ApiError, { language, headers }: AnswerOptions): HttpAnswer {
  const problem = problemOf(error, language);
  return { ...problem, headers: { ...headers, ...problem.headers } };
}
