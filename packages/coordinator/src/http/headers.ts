/** Headers of every answer of the HTTP server. */
import { ANSWER_HEADERS } from '@quorate/wire/http';

/** How long browsers stay with TLS after an answer over it, unless configured: a year, in seconds. */
export const HSTS = 31_536_000;

/** Makes the headers; `hsts` is in seconds and only given where the server speaks TLS itself. */
export function securityHeaders(hsts: number | undefined): Readonly<Record<string, string>> {
  return {
    ...ANSWER_HEADERS,
    ...(hsts === undefined || hsts === 0 ? {} : { 'strict-transport-security': `max-age=${hsts}` }),
  };
}
