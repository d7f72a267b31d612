import {
  CODES,
  codeText,
  type ErrorCode,
  inLanguage,
  type Language,
  type Said,
} from '@quorate/wire';
import type { HttpAnswer } from '@quorate/wire/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AuditBrokenError } from '../audit/index.ts';
import { RequestError } from '../requestError.ts';
import { isStoreUnavailable } from '../store/database.ts';

/** An error that answers a request, with a code of the wire's table. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: ErrorCode;
  readonly retryAfter: number | undefined;
  readonly #details: Said | undefined;

  /** `retryAfter` is in milliseconds. */
  constructor(code: ErrorCode, details: string | Said, retryAfter?: number) {
    super(typeof details === 'string' ? details : details.en);
    this.code = code;
    this.retryAfter = retryAfter;
    this.#details = typeof details === 'string' ? undefined : details;
  }

  /** The details in the deployment's language, if they exist in it. */
  details(language: Language): string {
    return this.#details === undefined ? this.message : inLanguage(this.#details, language);
  }
}

/** The codes for failures of Fastify's own checks. */
const FRAMEWORK_CODES: Readonly<Record<string, ErrorCode>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_BODY_TOO_LARGE: 'payload_too_large',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'invalid_request',
  FST_ERR_CTP_INVALID_JSON_BODY: 'invalid_request',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'invalid_request',
  FST_ERR_MAX_PARAM_LENGTH: 'not_found',
  FST_ERR_NOT_FOUND: 'not_found',
};

/** When a request that the store could not take may be retried, milliseconds. */
const TRY_AGAIN = 10_000;

/** Turns anything thrown into an error of the table; unexpected errors become `internal`. */
export function apiErrorOf(error: unknown, request: BodyOf): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof RequestError)
    return new ApiError(error.code, error.message, error.retryAfter);
  if (error instanceof AuditBrokenError) return new ApiError(error.code, error.message);
  if (isStoreUnavailable(error)) return new ApiError('store_unavailable', '', TRY_AGAIN);
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const known = Object.hasOwn(FRAMEWORK_CODES, code) ? FRAMEWORK_CODES[code] : undefined;
  if (known === 'payload_too_large') return new ApiError(known, sizeOf(request));
  if (known === 'not_found') return new ApiError(known, 'no such route');
  if (known !== undefined) return new ApiError(known, 'the body is not acceptable');
  if (error instanceof Error && 'statusCode' in error && error.statusCode === 400) {
    return new ApiError('invalid_request', 'the request is not acceptable');
  }
  return new ApiError('internal', '');
}

/** The part of a request that describes an unread body. */
type BodyOf = Pick<FastifyRequest, 'headers' | 'routeOptions'>;

/** Names the limit of a body, and the announced size. */
function sizeOf({ headers, routeOptions: { bodyLimit } }: BodyOf): Said {
  const came = headers['content-length'];
  return {
    en: `expected a body of at most ${bodyLimit} bytes, got ${came ?? 'more'}`,
    zhCN: `请求正文不得超过 ${bodyLimit} 字节，实际${came === undefined ? '更大' : `为 ${came}`}`,
  };
}

/** Words an error in the form of RFC 9457. */
export function problemOf(error: ApiError, language: Language): HttpAnswer {
  const status = CODES[error.code].http;
  const { retryAfter } = error;
  return {
    status,
    headers: {
      'content-type': 'application/problem+json; charset=utf-8',
      ...(status === 401 ? { 'www-authenticate': 'Bearer realm="quorate"' } : {}),
      ...(retryAfter === undefined ? {} : { 'retry-after': String(Math.ceil(retryAfter / 1000)) }),
    },
    body: JSON.stringify({
      type: `urn:quorate:error:${error.code}`,
      title: codeText(error.code, language),
      status,
      code: error.code,
      detail: error.details(language),
    }),
  };
}

/** Answers with RFC 9457 problem+json. */
export function sendProblem(
  reply: FastifyReply,
  error: ApiError,
  language: Language,
): FastifyReply {
  const { status, headers, body } = problemOf(error, language);
  return reply.status(status).headers(headers).send(body);
}
