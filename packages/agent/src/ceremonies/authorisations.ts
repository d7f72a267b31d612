/**
 * The challenges of the chip in one session, and the coordinator's authorisations of them: each challenge has a berth, and
 * a chip that lost one gets a new one, at most three times (docs/spec/agent.md §4, E-10, E-12).
 */
import type { Berth } from '@quorate/holder';
import { SecureElementError } from '@quorate/secure-element';
import type { ChipAuthorisation } from '@quorate/wire';
import type { OwnCertificate } from './certificates.ts';
import type { CeremonyContext } from './context.ts';
import { SessionLimit } from './limit.ts';
import { Refusal, refuseUnless } from './refusal.ts';

const MAX_RENEWALS = 3;

/** Kept of an invitation's time for the answer to reach the coordinator, or a tenth of it if that is less. */
const ANSWER_MS = 2_000;

const BUSY =
  'the chip of this participant has no room for another session before the invitation ends';

/** The coordinator's signature over one challenge. */
export interface Authorisation {
  /** base64 of 16 bytes */
  readonly challenge: string;
  /** base64 of the DER authorisation */
  readonly signature: string;
}

/** One use of the chip. */
export interface ChipUse<T> {
  /** `spent` is called once the chip has taken the challenge. */
  attempt(authorisation: Authorisation, spent: () => void): Promise<T>;
  /** Whether a new challenge may cure a failed attempt. */
  mayRenew(error: unknown): boolean;
  /** Puts a final failure into words for the session. */
  refusal(error: unknown): unknown;
}

/** Thrown when newer parameters came during the wait for an authorisation: the waiting step ends without a word. */
export class Superseded extends Error {}

/** The session as its authorisations see it. */
export interface AuthorisationOptions {
  readonly context: CeremonyContext;
  readonly sessionKey: string;
  readonly partIndex: number;
  /** Aborted once the session is over. */
  readonly signal: AbortSignal;
}

interface Awaited {
  readonly challenge: string;
  resolve(authorisation: Authorisation): void;
  reject(error: Error): void;
}

/** The authorisations of one session. */
export class Authorisations {
  readonly #options: AuthorisationOptions;
  #berth: Berth | undefined;
  #awaited: Awaited | undefined;

  constructor(options: AuthorisationOptions) {
    this.#options = options;
  }

  /**
   * Waits for a berth on the chip, at most until the invitation can no longer be answered.
   * @throws Refusal `chip_busy`
   */
  async takeBerth(expiresAt: number): Promise<void> {
    const { context, sessionKey: name, signal } = this.#options;
    const now = context.now();
    const left = Math.max(expiresAt - now, 0);
    const wait = left - Math.min(ANSWER_MS, left / 10);
    const until = new AbortController();
    signal.addEventListener('abort', () => until.abort(signal.reason), { once: true });
    const limit = new SessionLimit(context, now + wait, wait, () => until.abort(BUSY));
    this.#berth = await context.chip.berths.take({ due: expiresAt, name }, until.signal);
    // From here on only the session's end gives the berth back.
    limit.stop();
    refuseUnless(!signal.aborted, 'aborted', 'the session ended');
    refuseUnless(this.#berth !== undefined, 'chip_busy', BUSY);
  }

  /** Makes the first challenge of the session, base64. */
  async challenge(): Promise<string> {
    if (this.#berth === undefined) throw new TypeError('unreachable: a challenge without a berth');
    return Buffer.from(await this.#berth.challenge()).toString('base64');
  }

  /** Takes the coordinator's answer to a renewed challenge; any other authorisation has no effect. */
  receive({ chip_challenge: challenge, signature }: ChipAuthorisation): void {
    const awaited = this.#awaited;
    if (awaited?.challenge !== challenge) return;
    this.#awaited = undefined;
    awaited.resolve({ challenge, signature });
  }

  /** Newer parameters bring an authorisation of their own. */
  supersede(): void {
    this.#awaited?.reject(new Superseded());
    this.#awaited = undefined;
  }

  /** Tries with the first authorisation, and with a renewed one while that may help. */
  async use<T>(certificate: OwnCertificate, first: Authorisation, use: ChipUse<T>): Promise<T> {
    let authorisation = first;
    for (let renewals = 0; ; renewals += 1) {
      try {
        return await this.#attempt(authorisation, use);
      } catch (error) {
        if (!use.mayRenew(error) || renewals === MAX_RENEWALS) throw use.refusal(error);
        authorisation = await this.#renew(certificate);
      }
    }
  }

  /** Asks the chip, unless it is known to have lost the challenge. A session of an earlier process has no berth. */
  async #attempt<T>(authorisation: Authorisation, use: ChipUse<T>): Promise<T> {
    const berth = this.#berth;
    if (berth?.keep() === false) {
      throw new SecureElementError('challenge-unknown', 'the berth was lent', { unsent: true });
    }
    this.#berth = undefined;
    try {
      return await use.attempt(authorisation, () => berth?.spent());
    } finally {
      berth?.leave();
    }
  }

  /** Renews the challenge: the chip lost session or challenge, gets the same payload again and certifies nothing new. */
  async #renew(certificate: OwnCertificate): Promise<Authorisation> {
    const { context, sessionKey: session_key, partIndex: part_index, signal } = this.#options;
    this.#berth?.leave();
    this.#berth = await context.chip.berths.renew(signal);
    refuseUnless(this.#berth !== undefined, 'aborted', 'the session ended');
    await context.chip.signSession(certificate.payload);
    const challenge = await this.challenge();
    const answer = new Promise<Authorisation>((resolve, reject) => {
      this.#awaited = { challenge, resolve, reject };
    });
    const over = (): void => this.#awaited?.reject(new Refusal('aborted', 'the session ended'));
    signal.addEventListener('abort', over, { once: true });
    if (signal.aborted) over();
    context.send({ type: 'chip_challenge', session_key, part_index, chip_challenge: challenge });
    return answer.finally(() => signal.removeEventListener('abort', over));
  }
}
