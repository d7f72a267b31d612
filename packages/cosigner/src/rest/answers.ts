/**
 * Answers that no route gives: requests that cannot be read, refused upgrades. They have the form of every
 * other refusal.
 */
import { type CosignerCode, unreadableRequest } from '@quorate/wire';
import type { FastifyInstance } from 'fastify';
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { CosignerError } from '../errors.ts';
import { HEADERS, problemAnswer, sendProblem } from './problem.ts';

/** How long an answer may take to leave before its socket is destroyed, milliseconds. */
const GRACE_MS = 2000;

/** Has the server answer in the one form where no route and no error handler does. */
export function answerEverything(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(HEADERS);
    // Node would answer that itself, in no form at all.
    if (request.raw.headers.host === undefined && request.raw.httpVersion === '1.1') {
      throw new CosignerError('invalid_request', 'a host header is needed');
    }
  });
  app.setNotFoundHandler((_request, reply) => sendProblem(reply, 'not_found', 'no such route'));
  app.server.on('checkExpectation', (_request: IncomingMessage, response: ServerResponse) => {
    const { status, headers, body } = problemAnswer(
      'expectation_failed',
      'only 100-continue is supported',
    );
    const length = Buffer.byteLength(body);
    response.writeHead(status, { ...headers, connection: 'close', 'content-length': length });
    response.end(body);
  });
}

/** Answers on a bare socket and lets go of it: neither a client that stays nor one that reads nothing holds it. */
export function answerSocket(socket: Duplex, code: CosignerCode, detail: string): void {
  socket.on('error', () => socket.destroy());
  if (!socket.writable) return void socket.destroy();
  const late = setTimeout(() => socket.destroy(), GRACE_MS).unref();
  socket.once('close', () => clearTimeout(late));
  const { status, headers, body } = problemAnswer(code, detail);
  const all = { ...headers, connection: 'close', 'content-length': Buffer.byteLength(body) };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  const head = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`, ...lines].join('\r\n');
  socket.end(`${head}\r\n\r\n${body}`, () => socket.destroy());
}

/** Answers bytes that are no request; a connection that is gone is only let go. */
export function answerUnreadable(error: Error, socket: Duplex): void {
  const told = unreadableRequest(error);
  if (told === undefined) socket.destroy();
  else answerSocket(socket, told.code, told.detail);
}
