/**
 * The coordinator's authorisations of the chip in one session: a chip that was reset gets a new challenge, at most
 * three times (E-10).
 */
import type { ChipAuthorisation } from '@quorate/wire';
import type { OwnCertificate } from './certificates.ts';
import type { CeremonyContext } from './context.ts';
import { Refusal } from './refusal.ts';

const MAX_RENEWALS = 3;

/** The coordinator's signature over one challenge. */
export interface Authorisation {
  /** base64 of 16 bytes */
  readonly challenge: string;
  /** base64 of the DER authorisation */
  readonly signature: string;
}

/** One use of the chip. */
export interface ChipUse<T> {
  attempt(authorisation: Authorisation): Promise<T>;
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
  #awaited: Awaited | undefined;

  constructor(options: AuthorisationOptions) {
    this.#options = options;
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
        return await use.attempt(authorisation);
      } catch (error) {
        if (!use.mayRenew(error) || renewals === MAX_RENEWALS) throw use.refusal(error);
        authorisation = await this.#renew(certificate);
      }
    }
  }

  /** Renews the challenge: the chip lost session and challenge, gets the same payload again and certifies nothing new. */
  async #renew(certificate: OwnCertificate): Promise<Authorisation> {
    const { context, sessionKey: session_key, partIndex: part_index, signal } = this.#options;
    await context.chip.signSession(certificate.payload);
    const challenge = Buffer.from(await context.chip.challenge()).toString('base64');
    const answer = new Promise<Authorisation>((resolve, reject) => {
      this.#awaited = { challenge, resolve, reject };
      const over = (): void => reject(new Refusal('aborted', 'the session ended'));
      if (signal.aborted) over();
      signal.addEventListener('abort', over, { once: true });
    });
    context.send({ type: 'chip_challenge', session_key, part_index, chip_challenge: challenge });
    return answer;
  }
}
