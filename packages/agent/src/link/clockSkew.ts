/**
 * Notices that this machine's clock and the coordinator's are apart: certificates and tokens have dates, and one
 * that is refused for its date looks like a fault of its maker.
 */
import type { Logger } from '@quorate/holder';
import { dateOf } from '@quorate/wire';

/** Half of what two honest clocks may be apart before certificates are refused. */
const TOLERANCE_MS = 30_000;

/** Compares the clocks at every registration. */
export class ClockSkew {
  readonly #logger: Logger;
  readonly #now: () => number;
  #said = 0;

  constructor(logger: Logger, now: () => number = Date.now) {
    this.#logger = logger;
    this.#now = now;
  }

  /** Says how far the clocks are apart, with both times, once until that changes. */
  see(serverTime: number | undefined): void {
    if (serverTime === undefined) return;
    const here = this.#now();
    const skew = here - serverTime;
    if (Math.abs(skew - this.#said) <= TOLERANCE_MS) return;
    const wasApart = this.#said !== 0;
    this.#said = Math.abs(skew) <= TOLERANCE_MS ? 0 : skew;
    const fields = { here: dateOf(here), coordinator: dateOf(serverTime) };
    if (this.#said !== 0) {
      const seconds = Math.round(skew / 1000);
      this.#logger.warn(
        { ...fields, seconds },
        'the clocks of this machine and the coordinator differ',
      );
    } else if (wasApart) {
      this.#logger.info(fields, 'the clocks of this machine and the coordinator agree again');
    }
  }
}
