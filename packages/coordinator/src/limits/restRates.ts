/** Limits REST requests per minute, by address and by user. */
import type { Rates } from './defaults.ts';
import { createRateLimit, type RateLimit } from './windows.ts';

const MINUTE = 60_000;

/** The limits of the REST interface, each with its own keys. */
export interface RestRates {
  /** Logins and set-ups, by address. */
  readonly logins: RateLimit;
  /** Refreshed tokens, by address. */
  readonly refreshes: RateLimit;
  /** Every request that needs a token, by user. */
  readonly requests: RateLimit;
}

/** Makes the limits of one server. */
export function createRestRates(rates: Rates, now: () => number): RestRates {
  const perMinute = (uses: number): RateLimit => createRateLimit({ uses, window: MINUTE }, now);
  return {
    logins: perMinute(rates.loginsPerAddress),
    refreshes: perMinute(rates.refreshesPerAddress),
    requests: perMinute(rates.requestsPerUser),
  };
}
