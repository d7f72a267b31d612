/** Answers that are errors: RFC 9457, with a code of the wire's table. */
import { COSIGNER_CODES, type CosignerCode } from '@quorate/wire';
import { ANSWER_HEADERS, type HttpAnswer } from '@quorate/wire/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CosignerError } from '../errors.ts';

/** Seconds after which a caller may ask again what only the load or a restart has refused. */
const RETRY_AFTER = 5;

/** Words a problem in its form. */
export function problemAnswer(code: CosignerCode, detail: string): HttpAnswer {
  const { http: status, en: title } = COSIGNER_CODES[code];
  const type = `urn:quorate:error:${code}`;
  return {
    status,
    headers: {
      ...ANSWER_HEADERS,
      'content-type': 'application/problem+json; charset=utf-8',
      ...(status === 429 || status === 503 ? { 'retry-after': `${RETRY_AFTER}` } : {}),
      ...(status === 401 ? { 'www-authenticate': 'Bearer' } : {}),
    },
    body: JSON.stringify({ type, title, status, detail, code }),
  };
}

/** Sends a problem. */
export function sendProblem(reply: FastifyReply, code: CosignerCode, detail: string): FastifyReply {
  const { status, headers, body } = problemAnswer(code, detail);
  return reply.code(status).headers(headers).send(body);
}

/** Chooses the code and detail for anything thrown; our own faults get no detail beyond their code. */
export function problemOf(
  error: unknown,
  { headers, routeOptions: { bodyLimit } }: Pick<FastifyRequest, 'headers' | 'routeOptions'>,
): { readonly code: CosignerCode; readonly detail: string } {
  if (error instanceof CosignerError) return { code: error.code, detail: error.message };
  const code = fastifyCode(error);
  if (code !== 'payload_too_large') return { code, detail: COSIGNER_CODES[code].en };
  const came = headers['content-length'] ?? 'more';
  return { code, detail: `expected a body of at most ${bodyLimit} bytes, got ${came}` };
}

function fastifyCode(error: unknown): CosignerCode {
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return 'internal';
  switch (error.statusCode) {
    case 400:
      return 'invalid_request';
    // 414: a parameter longer than any valid one.
    case 404:
    case 414:
      return 'not_found';
    case 413:
      return 'payload_too_large';
    case 415:
      return 'unsupported_media_type';
    default:
      return 'internal';
  }
}
