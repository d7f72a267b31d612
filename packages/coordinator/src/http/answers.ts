/**
 * Answers that no route gives: requests that cannot be read, unknown addresses, refused upgrades. All have
 * the one form of the REST interface and the headers of every answer.
 */
import type { Language } from '@quorate/wire';
import type { FastifyInstance } from 'fastify';
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { ApiError, apiErrorOf, problemOf, sendProblem } from '../rest/errors.ts';

/** How errors are put into words and headers. */
export interface AnswerOptions {
  readonly language: Language;
  readonly headers: Readonly<Record<string, string>>;
}

/** How long an answer may take to leave before its socket is destroyed. */
const GRACE_MS = 2_000;

const NOT_FOUND = 'no such route';

/** Has the server answer in the one form also where no route does. */
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
    // Node would answer that itself, without any of this.
    if (request.raw.headers.host === undefined && request.raw.httpVersion === '1.1') {
      throw new ApiError('invalid_request', 'a host header is needed');
    }
  });
  app.setNotFoundHandler((_request, reply) =>
    sendProblem(reply, new ApiError('not_found', NOT_FOUND), language),
  );
  app.setErrorHandler((error, request, reply) => {
    const known = apiErrorOf(error, request);
    if (known.code === 'internal') onError(error);
    // For methods that it does not know, the framework runs no hooks.
    return sendProblem(reply.headers(headers), known, language);
  });
  app.server.on('checkExpectation', (_request: IncomingMessage, response: ServerResponse) => {
    const error = new ApiError('expectation_failed', 'only 100-continue is supported');
    const problem = problemOf(error, language);
    const length = Buffer.byteLength(problem.body);
    const own = { connection: 'close', 'content-length': length };
    response.writeHead(problem.status, { ...headers, ...problem.headers, ...own });
    response.end(problem.body);
  });
}

/** Answers on a bare socket and lets go of it: neither a client that stays nor one that reads nothing holds it. */
export function answerSocket(
  socket: Duplex,
  error: ApiError,
  options: AnswerOptions,
  more: Readonly<Record<string, string>> = {},
): void {
  if (socket.destroyed || !socket.writable) return void socket.destroy();
  const timer = setTimeout(() => socket.destroy(), GRACE_MS).unref();
  socket.once('close', () => clearTimeout(timer));
  const { status, headers, body } = problemOf(error, options.language);
  const length = String(Buffer.byteLength(body));
  const all = { ...options.headers, ...headers, ...more, connection: 'close' };
  const lines = Object.entries({ ...all, 'content-length': length }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  const head = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`, ...lines].join('\r\n');
  socket.end(`${head}\r\n\r\n${body}`, () => socket.destroy());
}
