/** Headers of every answer of the HTTP server. */
import { ANSWER_HEADERS } from '@quorate/wire/http';

/** How long browsers insist on TLS after an answer over it, unless configured: a year, in seconds. */
export const HSTS = 31_536_000;

/** Makes the headers; `hsts` is in seconds, and given only if the server itself speaks TLS. */
export function securityHeaders(hsts: number | undefined): Readonly<Record<string, string>> {
  return {
    ...ANSWER_HEADERS,
    ...(hsts === undefined || hsts === 0 ? {} : { 'strict-transport-security': `max-age=${hsts}` }),
  };
}
