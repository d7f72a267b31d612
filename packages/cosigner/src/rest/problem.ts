/** Answers that are not a success: RFC 9457, with a code of the wire's table. */
import { COSIGNER_CODES, type CosignerCode } from '@quorate/wire';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CosignerError } from '../errors.ts';

/** Sends a problem. */
export function sendProblem(reply: FastifyReply, code: CosignerCode, detail: string): FastifyReply {
  const { http: status, en: title } = COSIGNER_CODES[code];
  const type = `urn:quorate:error:${code}`;
  if (status === 401) reply.header('www-authenticate', 'Bearer');
  return reply
    .code(status)
    .type('application/problem+json')
    .send(JSON.stringify({ type, title, status, detail, code }));
}

/** What anything thrown means to the caller; a detail never says more than the code for our own faults. */
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
    case 413:
      return 'payload_too_large';
    case 415:
      return 'unsupported_media_type';
    default:
      return 'internal';
  }
}
