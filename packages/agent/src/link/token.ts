/** Reads the facts that a client may know of its own token; the coordinator verifies it. */

/** The time when a JWT expires, in milliseconds, or undefined for any other text. */
export function expiryOf(token: string): number | undefined {
  try {
    const payload: unknown = JSON.parse(
      Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'),
    );
    if (typeof payload !== 'object' || payload === null || !('exp' in payload)) return undefined;
    return typeof payload.exp === 'number' ? payload.exp * 1000 : undefined;
  } catch {
    return undefined;
  }
}

const RENEW_BEFORE_MS = 60_000;
/** The longest time that one timer of the runtime can wait. */
const LONGEST_MS = 2 ** 31 - 1;

/** The wait until a token is renewed on the open socket; undefined when its end is not known. */
export function renewalDelay(token: string, now: number): number | undefined {
  const expiry = expiryOf(token);
  if (expiry === undefined) return undefined;
  const left = expiry - now;
  const delay = left > 2 * RENEW_BEFORE_MS ? left - RENEW_BEFORE_MS : left / 2;
  return Math.min(Math.max(delay, 1000), LONGEST_MS);
}
