/**
 * Uses the secure chip of this machine: one command sequence at a time, the PIN when the chip asks for it, and never a
 * second try with a wrong PIN.
 */
import {
  type Attempt,
  type ChipInfo,
  type SecureElement,
  SecureElementError,
  spareLastTry,
} from '@quorate/secure-element';
import { randomBytes } from 'node:crypto';
import { registrationMessage, toHex, verifyP256 } from '@quorate/intent';
import { Berths } from './berths.ts';
import {
  type ChipMemory,
  type DeleteRequest,
  type PinProvider,
  type PinRefusals,
  type ReadRequest,
  type SeeCounter,
  UNKEPT,
} from './chipTypes.ts';
import { isAbsent } from './refusals.ts';
import { SignedSessions } from './signedSessions.ts';

/** Strict DER of r = s = 1, which no key has signed. */
const NO_AUTHORISATION = Uint8Array.of(0x30, 6, 2, 1, 1, 2, 1, 1);

/** The chip as sessions use it. */
export class Chip {
  /** The CPLC, 84 hex digits. It names the chip and proves nothing. */
  readonly cpic: string;
  /** 65 bytes */
  readonly publicKey: Uint8Array;
  /** One challenge is left out: it is made and spent in one turn, and needs no berth. */
  readonly berths: Berths;
  readonly #sessions: SignedSessions;
  readonly #element: SecureElement;
  readonly #pin: PinProvider;
  readonly #see: SeeCounter;
  readonly #refusals: PinRefusals;
  readonly #attempt: Attempt;
  #queue: Promise<unknown> = Promise.resolve();
  #verified = false;
  #wrongPin = false;
  #proven = false;
  readonly #cplc: Uint8Array;

  private constructor(
    element: SecureElement,
    pin: PinProvider,
    identity: { readonly cplc: Uint8Array; readonly publicKey: Uint8Array },
    { see = () => undefined, refusals = UNKEPT, lastTry, clock }: ChipMemory,
  ) {
    this.#element = element;
    this.#pin = pin;
    this.#see = see;
    this.#refusals = refusals;
    this.#attempt = { lastTry };
    this.#cplc = identity.cplc;
    this.cpic = toHex(identity.cplc);
    this.publicKey = identity.publicKey;
    this.#sessions = new SignedSessions(identity.publicKey, element.remembers);
    this.berths = new Berths({
      capacity: element.remembers - 1,
      challenge: () => this.challenge(),
      ...(clock === undefined ? {} : { clock }),
    });
  }

  /**
   * Reads the chip's identity and state counter and gives it the PIN, so that a wrong PIN shows here and ends no ceremony.
   * @throws SecureElementError `pin-wrong`, `pin-blocked`, `last-try` and others
   */
  static async open(
    element: SecureElement,
    pin: PinProvider,
    memory: ChipMemory = {},
  ): Promise<Chip> {
    const identity = { cplc: await element.cplc(), publicKey: await element.publicKey() };
    const chip = new Chip(element, pin, identity, memory);
    // Before the PIN, which is a write: an older copy must not catch up by being opened. A token tells it after.
    await chip.#count();
    await chip.#verify();
    return chip;
  }

  /** Signs a session certificate's payload; the chip remembers the session until a reset, or until many others came. */
  signSession(payload: Uint8Array): Promise<Uint8Array> {
    return this.#withPin((element) => this.#sessions.sign(element, payload));
  }

  /** 16 fresh bytes, good for one authorisation. */
  challenge(): Promise<Uint8Array> {
    return this.#exclusive(() => this.#element.challenge());
  }

  /** The chip's description of itself in full: some chips say less before the PIN. */
  info(): Promise<ChipInfo> {
    return this.#withPin(() => this.#wholeInfo());
  }

  /** DER over 32 bytes: the proof that this chip is here. */
  register(nonce: Uint8Array): Promise<Uint8Array> {
    return this.#withPin((element) => element.register(nonce));
  }

  /** Whether another record fits; a chip that tells it only after the PIN is given the PIN. */
  hasRoom(): Promise<boolean> {
    return this.#exclusive(async () => {
      const { capacity, used } = await this.#wholeInfo();
      return used < capacity;
    });
  }

  /** Keeps an opener, under the 20 bytes that name its key on a chip; the caller wipes its copy. */
  async store(recordId: Uint8Array, keyTag: Uint8Array, secret: Uint8Array): Promise<void> {
    await this.#withPin((element) => element.store({ recordId, address: keyTag, secret }));
    await this.#exclusive(() => this.#count());
  }

  /**
   * Releases an opener. The bytes are a copy of the caller's own, not part of a shared pool. Shows the chip the payload of
   * the session's certificate again if many others came since.
   */
  read(
    request: ReadRequest,
    payload?: Uint8Array,
  ): Promise<{ secret: Uint8Array; releaseCount: number }> {
    return this.#withPin(async (element) => {
      await this.#sessions.show(element, payload);
      const { secret, releaseCount } = await element.read(request);
      const own = Uint8Array.from(secret);
      secret.fill(0);
      return { secret: own, releaseCount };
    });
  }

  /** Deletes a record; one that is already gone counts as deleted, since the answer to an earlier attempt may be lost. */
  async deleteIfPresent(request: DeleteRequest, payload?: Uint8Array): Promise<void> {
    try {
      await this.delete(request, payload);
    } catch (error) {
      if (!isAbsent(error)) throw error;
    }
  }

  /** Deletes a record; `payload` as for `read`. */
  async delete(request: DeleteRequest, payload?: Uint8Array): Promise<void> {
    await this.#withPin(async (element) => {
      await this.#sessions.show(element, payload);
      return element.delete(request);
    });
    await this.#exclusive(() => this.#count());
  }

  /**
   * Tells whether the chip no longer has a record. The chip looks for the record before it checks the authorisation, so
   * an invalid one releases nothing. `payload` is the session's.
   */
  async isGone(
    record: Pick<ReadRequest, 'recordId' | 'address' | 'sessionHash'>,
    payload: Uint8Array,
  ): Promise<boolean> {
    const { recordId, address, sessionHash } = record;
    const access = { recordId, address, sessionHash, digest: new Uint8Array(32) };
    try {
      // In one turn: this challenge has no berth.
      await this.#withPin(async (element) => {
        await this.#sessions.show(element, payload);
        const challenge = await element.challenge();
        const { secret } = await element.read({
          ...access,
          challenge,
          signature: NO_AUTHORISATION,
        });
        secret.fill(0);
      });
      return false;
    } catch (error) {
      if (!(error instanceof SecureElementError)) throw error;
      if (isAbsent(error)) return true;
      if (error.code === 'authorisation-refused') return false;
      throw error;
    }
  }

  /** Ends the waiting for a chip that was taken out; one that is there still answers. */
  stopWaiting(): void {
    this.#element.stopWaiting?.();
  }

  close(): Promise<void> {
    this.stopWaiting();
    return this.#exclusive(async () => {
      // If the chip no longer answers, its next opening compares the counter.
      await this.#count().catch(() => undefined);
      await this.#element.close();
    });
  }

  /** A reset token is as silent as before the first PIN, and no refusal shows it. */
  async #wholeInfo(): Promise<ChipInfo> {
    const info = await this.#element.info();
    if (info.stateCounter !== null) return info;
    await this.#verify();
    return this.#element.info();
  }

  async #count(): Promise<void> {
    const { stateCounter } = await this.#element.info();
    if (stateCounter !== null) this.#see(this.publicKey, stateCounter, this.#proven);
  }

  #withPin<T>(use: (element: SecureElement) => Promise<T>): Promise<T> {
    return this.#exclusive(async () => {
      if (!this.#verified) {
        await this.#verify();
        return use(this.#element);
      }
      try {
        return await use(this.#element);
      } catch (error) {
        if (!asksForPin(error)) throw error;
        this.#sessions.forget();
        await this.#verify();
        return use(this.#element);
      }
    });
  }

  async #verify(): Promise<void> {
    const { pinTriesLeft } = await this.#element.info();
    if (pinTriesLeft === 0) {
      const message = 'the PIN of the chip is blocked: quorate chips unblock';
      throw new SecureElementError('pin-blocked', message, { unsent: true, triesLeft: 0 });
    }
    if (this.#wrongPin) {
      throw notTried('the PIN was wrong before; it is not tried again');
    }
    const stamp = this.#pin.stamp?.();
    if (stamp !== undefined && this.#refusals.isRefused(this.publicKey, stamp)) {
      throw notTried('the chip refused this PIN file; it is not tried again until it is changed');
    }
    // Before the PIN is asked for: nobody types one that is not tried.
    spareLastTry('PIN', pinTriesLeft, this.#attempt);
    const pin = await this.#pin();
    try {
      await this.#element.verifyPin(pin, this.#attempt);
      this.#verified = true;
      if (stamp !== undefined) this.#refusals.remove();
    } catch (error) {
      this.#verified = false;
      this.#wrongPin = error instanceof SecureElementError && error.code === 'pin-wrong';
      if (this.#wrongPin && stamp !== undefined) this.#refusals.note(this.publicKey, stamp);
      if (this.#wrongPin) await this.#count();
      throw error;
    } finally {
      pin.fill(0);
    }
    if (!this.#proven) await this.#prove();
  }

  /** Anybody can copy a public key, and a forged chip with a huge counter would make the genuine one an older copy. */
  async #prove(): Promise<void> {
    const nonce = new Uint8Array(randomBytes(32));
    const proof = await this.#element.register(nonce);
    const chipPublicKey = this.publicKey;
    const message = registrationMessage({ chipPublicKey, cplc: this.#cplc, nonce });
    if (!verifyP256(chipPublicKey, message, proof)) {
      this.#verified = false;
      throw new SecureElementError('wrong-chip', 'the chip does not have the key that it shows');
    }
    this.#proven = true;
    await this.#count();
  }

  /** Keeps the commands of one sequence together, whatever other sessions ask. */
  #exclusive<T>(use: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(use);
    this.#queue = result.catch(() => undefined);
    return result;
  }
}

function notTried(message: string): SecureElementError {
  return new SecureElementError('pin-wrong', message, { unsent: true });
}

function asksForPin(error: unknown): boolean {
  return error instanceof SecureElementError && error.code === 'pin-required';
}
