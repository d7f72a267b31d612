/**
 * Getting the opener of a shard from the chip: every attempt is counted on disk before the chip is
 * asked (docs/spec/channel.md §6, E-1), and a chip that was reset in between is given a new
 * challenge, at most three times (E-10).
 */
import { decodeDer, fromBase64, fromHex, IntentError, parseAddress } from '@quorate/intent';
import { SecureElementError } from '@quorate/secure-element';
import type { ChipAuthorisation } from '@quorate/wire';
import type { KeyRecord, Releases } from '../records/keyRecords.ts';
import type { OwnCertificate } from './session.ts';
import type { CeremonyContext } from './context.ts';
import { Refusal, refuseUnless, SIGNS_NO_MORE } from './refusal.ts';

const MAX_RENEWALS = 3;

/** Attempts of unknown outcome, each of which widens what is believed of the chip's count. */
const MAX_OUTSTANDING = 8;

/**
 * Refusals that come before the chip raises its count (docs/spec/chip.md §3.6, §4): form, PIN,
 * challenge, session, record, authorisation. Any other word, 6581 and 6F00 among them, and no answer
 * at all leave it open whether the chip has counted.
 */
const BEFORE_COUNT: ReadonlySet<number> = new Set([
  0x6300, 0x6700, 0x6982, 0x6983, 0x6984, 0x6985, 0x6a86, 0x6a88, 0x6d00, 0x6e00,
]);

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

  async #read(request: ReleaseRequest, authorisation: Authorisation): Promise<Uint8Array> {
    // Before the attempt counts: what the coordinator sends must not use up what is believed of the chip.
    const { challenge, signature } = decoded(authorisation);
    const { keys } = this.#context.state;
    const { address, certificate, digest } = request;
    return this.#context.exclusive(address, async () => {
      const before = keys.find(address);
      refuseUnless(before?.state === 'active', 'state_rolled_back', SIGNS_NO_MORE);
      const { confirmed, outstanding } = before.releases;
      const isClear = outstanding < MAX_OUTSTANDING;
      const unclear = `${outstanding} releases have an unknown outcome: ${SIGNS_NO_MORE}`;
      refuseUnless(isClear, 'state_rolled_back', unclear);
      const attempted = { confirmed, outstanding: outstanding + 1 };
      keys.update(address, (record) => ({ ...record, releases: attempted }));
      try {
        const { secret, releaseCount } = await this.#context.chip.read({
          recordId: fromHex(before.record_id),
          address: parseAddress(before.address),
          sessionHash: certificate.sessionHash,
          digest,
          challenge,
          signature,
        });
        this.#confirm(address, before.releases, releaseCount, secret);
        return secret;
      } catch (error) {
        if (isBeforeCount(error)) {
          keys.update(address, (record) => ({ ...record, releases: before.releases }));
        }
        throw error;
      }
    });
  }

  /**
   * This release and, at most, each attempt of unknown outcome have raised the chip's count. More: an
   * older state of this agent was restored, and bans may be missing. Less: the chip's was.
   */
  #confirm(address: string, before: Releases, actual: number, secret: Uint8Array): void {
    const { logger, state, stopKey } = this.#context;
    const least = before.confirmed + 1;
    const most = least + before.outstanding;
    if (actual >= least && actual <= most) {
      const releases = { confirmed: actual, outstanding: 0 };
      return this.#keep(address, { releases }, secret);
    }
    secret.fill(0);
    logger.error(
      { address, release_count: actual, least, most },
      `state rolled back: the chip’s count is not the one of this agent; ${SIGNS_NO_MORE}`,
    );
    state.keys.update(address, (record) => ({ ...record, state: 'rolled_back' }));
    stopKey(address, `state_rolled_back: ${SIGNS_NO_MORE}`);
    throw new Refusal('state_rolled_back', SIGNS_NO_MORE);
  }

  /** No opener leaves this desk without its release being on disk. */
  #keep(address: string, change: Partial<KeyRecord>, secret: Uint8Array): void {
    try {
      this.#context.state.keys.update(address, (record) => ({ ...record, ...change }));
    } catch (error) {
      secret.fill(0);
      throw error;
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

/** What the chip will be given; it would refuse another form, too. */
function decoded({ challenge, signature }: Authorisation): {
  readonly challenge: Uint8Array;
  readonly signature: Uint8Array;
} {
  try {
    const der = fromBase64(signature);
    decodeDer(der);
    return { challenge: fromBase64(challenge, 16), signature: der };
  } catch (error) {
    if (!(error instanceof IntentError)) throw error;
    throw new Refusal('chip_refused', 'the authorisation is not 16 bytes and a DER signature');
  }
}

/** Whether the chip refused before it raised its release count, or was not asked at all. */
export function isBeforeCount(error: unknown): boolean {
  if (!(error instanceof SecureElementError)) return false;
  if (error.unsent) return true;
  if (error.statusWord === undefined) return false;
  const word = error.statusWord;
  const wrongPin = word >> 4 === 0x63c;
  const wrongLength = word >> 8 === 0x6c;
  return BEFORE_COUNT.has(word) || wrongPin || wrongLength;
}

/** What a new challenge cures: a reset, a challenge that is gone, a chip that was taken out during READ. */
const RENEWABLE: ReadonlySet<string> = new Set([
  'challenge-unknown',
  'session-unknown',
  'card-removed',
]);

/** Any other refusal of the chip is final, but for a failure in passing that came before anything was counted. */
export function isRenewable(error: unknown): boolean {
  if (!(error instanceof SecureElementError)) return false;
  return RENEWABLE.has(error.code) || (error.code === 'chip-failure' && error.unsent);
}

function refusalOf(error: unknown): unknown {
  if (!(error instanceof SecureElementError)) return error;
  return new Refusal('chip_refused', `the chip did not release the shard (${error.code})`);
}
