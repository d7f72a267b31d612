/** Headers of every answer of the HTTP server. */

/** How long browsers stay with TLS after an answer over it, unless configured: a year, in seconds. */
export const HSTS = 31_536_000;

/** Makes the headers; `hsts` is in seconds and only given where the server speaks TLS itself. */
export function securityHeaders(hsts: number | undefined): Readonly<Record<string, string>> {
  return {
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    ...(hsts === undefined || hsts === 0 ? {} : { 'strict-transport-security': `max-age=${hsts}` }),
  };
}
