/**
 * Getting the opener of a shard from the chip: the release count that this agent expects is on disk
 * before the chip is asked (contract.md §1.6, attacks.md E-1), and a chip that was reset in between
 * is given a new challenge, at most three times (E-10).
 */
import { fromBase64, fromHex, parseAddress } from '@quorate/intent';
import { SecureElementError } from '@quorate/secure-element';
import type { ChipAuthorisation } from '@quorate/wire';
import type { OwnCertificate } from './ceremony.ts';
import type { CeremonyContext } from './context.ts';
import { Refusal, refuseUnless } from './refusal.ts';

const MAX_RENEWALS = 3;

/** What the coordinator authorised. */
export interface ReleaseRequest {
  readonly address: string;
  readonly certificate: OwnCertificate;
  readonly digest: Uint8Array;
  /** base64 of 16 bytes */
  readonly challenge: string;
  /** base64 of the DER authorisation */
  readonly signature: string;
}

interface Authorisation {
  readonly challenge: string;
  readonly signature: string;
}

/** Releases the opener for one session. */
export class ReleaseDesk {
  readonly #context: CeremonyContext;
  readonly #sessionKey: string;
  readonly #partIndex: number;
  readonly #signal: AbortSignal;
  #awaited: { challenge: string; resolve: (answer: Authorisation) => void } | undefined;

  constructor(
    context: CeremonyContext,
    sessionKey: string,
    partIndex: number,
    signal: AbortSignal,
  ) {
    this.#context = context;
    this.#sessionKey = sessionKey;
    this.#partIndex = partIndex;
    this.#signal = signal;
  }

  /** Takes the coordinator's answer to a renewed challenge. */
  receiveAuthorisation(message: ChipAuthorisation): void {
    const awaited = this.#awaited;
    if (awaited?.challenge !== message.chip_challenge) return;
    this.#awaited = undefined;
    awaited.resolve({ challenge: message.chip_challenge, signature: message.signature });
  }

  /** Gives the opener; 32 secret bytes that the caller wipes. */
  async release(request: ReleaseRequest): Promise<Uint8Array> {
    let authorisation: Authorisation = request;
    for (let renewals = 0; ; renewals += 1) {
      try {
        return await this.#read(request, authorisation);
      } catch (error) {
        if (!isRenewable(error) || renewals === MAX_RENEWALS) throw refusalOf(error);
        authorisation = await this.#renew(request.certificate);
      }
    }
  }

  #read(request: ReleaseRequest, { challenge, signature }: Authorisation): Promise<Uint8Array> {
    const { keys } = this.#context.state;
    const { address, certificate, digest } = request;
    return this.#context.exclusive(address, async () => {
      const before = keys.find(address);
      refuseUnless(before?.state === 'active', 'state_rolled_back', 'the key needs a refresh');
      const expected = before.release_count + 1;
      keys.update(address, (record) => ({ ...record, release_count: expected }));
      try {
        const { secret, releaseCount } = await this.#context.chip.read({
          recordId: fromHex(before.record_id),
          address: parseAddress(before.address),
          sessionHash: certificate.sessionHash,
          digest,
          challenge: fromBase64(challenge, 16),
          signature: fromBase64(signature),
        });
        this.#confirm(address, expected, releaseCount, secret);
        return secret;
      } catch (error) {
        // The chip said no, so it released nothing; without its answer the count stays raised.
        if (error instanceof SecureElementError && error.statusWord !== undefined) {
          keys.update(address, (record) => ({ ...record, release_count: expected - 1 }));
        }
        throw error;
      }
    });
  }

  /** More releases than this state knows of: an older state was restored, bans may be missing. */
  #confirm(address: string, expected: number, actual: number, secret: Uint8Array): void {
    const { keys } = this.#context.state;
    if (actual > expected) {
      secret.fill(0);
      keys.update(address, (record) => ({ ...record, state: 'rolled_back' }));
      throw new Refusal(
        'state_rolled_back',
        'the chip has released this shard more often than this agent knows; the key needs a refresh',
      );
    }
    if (actual < expected) {
      keys.update(address, (record) => ({ ...record, release_count: actual }));
    }
  }

  /** The chip forgot session and challenge: the same payload is shown to it again, nothing new is certified. */
  async #renew(certificate: OwnCertificate): Promise<Authorisation> {
    const { chip, send } = this.#context;
    await chip.signSession(certificate.payload);
    const challenge = Buffer.from(await chip.challenge()).toString('base64');
    const answer = new Promise<Authorisation>((resolve, reject) => {
      this.#awaited = { challenge, resolve };
      const over = (): void => reject(new Refusal('aborted', 'the session ended'));
      if (this.#signal.aborted) over();
      this.#signal.addEventListener('abort', over, { once: true });
    });
    send({
      type: 'chip_challenge',
      session_key: this.#sessionKey,
      part_index: this.#partIndex,
      chip_challenge: challenge,
    });
    return answer;
  }
}

/** A reset or a challenge that is gone; any other refusal of the chip is final. */
function isRenewable(error: unknown): boolean {
  return (
    error instanceof SecureElementError &&
    (error.code === 'challenge-unknown' || error.code === 'session-unknown')
  );
}

function refusalOf(error: unknown): unknown {
  if (!(error instanceof SecureElementError)) return error;
  return new Refusal('chip_refused', `the chip did not release the shard (${error.code})`);
}
