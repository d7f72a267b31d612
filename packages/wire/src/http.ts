/// <reference types="node" />
/**
 * Answers of both HTTP servers outside their routes. A separate entry, because browsers have no sockets.
 *
 * @module
 */
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

/** Headers of every answer. */
export const ANSWER_HEADERS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
};

/** An answer before it is written. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** How long an answer may take to be sent before its socket is destroyed, milliseconds. */
const GRACE_MS = 2_000;

/** Answers on a bare socket and releases it, even if the client stays or reads nothing. */
export function answerSocket(socket: Duplex, { status, headers, body }: HttpAnswer): void {
  socket.on('error', () => socket.destroy());
  if (socket.destroyed || !socket.writable) return void socket.destroy();
  const late = setTimeout(() => socket.destroy(), GRACE_MS).unref();
  socket.once('close', () => clearTimeout(late));
  const all = { ...headers, connection: 'close', 'content-length': Buffer.byteLength(body) };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  const head = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`, ...lines].join('\r\n');
  socket.end(`${head}\r\n\r\n${body}`, () => socket.destroy());
}

/** Answers a request without waiting for its body, and ends the connection. */
export function answerAndClose(
  response: ServerResponse,
  { status, headers, body }: HttpAnswer,
): void {
  const length = Buffer.byteLength(body);
  response.writeHead(status, { ...headers, connection: 'close', 'content-length': length });
  response.end(body);
}

/** Whether a request lacks the host header that it needs; otherwise Node would answer in its own form. */
export function lacksHost({ headers, httpVersion }: IncomingMessage): boolean {
  return headers.host === undefined && httpVersion === '1.1';
}
