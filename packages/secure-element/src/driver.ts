/** The driver: turns calls into APDUs and answers into values, over any transport. docs/spec/chip.md §3. */
import { checkP256PublicKey, concat, decodeDer, IntentError } from '@quorate/intent';
import { CLA, encodeApdu, INS, selectApdu } from './apdu.ts';
import { REMEMBERED } from './card/memory.ts';
import { SecureElementError } from './errors.ts';
import { accessData, checkPin, checkPuk, checkSignature, exactly, withLength } from './inputs.ts';
import type {
  ApduTransport,
  ChipInfo,
  Personalising,
  RecordAccess,
  SecureElement,
  SecureElementKind,
  Unblocking,
} from './secureElement.ts';
import { codeOf, SW } from './status.ts';
import { type Attempt, INFO_LENGTH, spareLastTry, triesAfter, triesOf } from './tries.ts';

/** A chip behind an {@link ApduTransport}. Calls may overlap; commands are sent one at a time, in order. */
export class ApduSecureElement implements SecureElement {
  readonly kind: SecureElementKind;
  readonly remembers: number = REMEMBERED;
  readonly #transport: ApduTransport;
  readonly #cplc: Uint8Array | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #selected = false;
  #closed = false;

  constructor(
    transport: ApduTransport,
    options: {
      readonly kind: SecureElementKind;
      /** 42 bytes, if the card manager gave them before SELECT; otherwise the applet is asked. */
      readonly cplc?: Uint8Array;
    } = { kind: 'virtual' },
  ) {
    this.#transport = transport;
    this.kind = options.kind;
    this.#cplc = options.cplc;
  }

  async cplc(): Promise<Uint8Array> {
    if (this.#cplc) return this.#cplc.slice();
    const answer = await this.#command(INS.getCplc, [], 45, { p1: 0x9f, p2: 0x7f });
    if (answer[0] !== 0x9f || answer[1] !== 0x7f || answer[2] !== 0x2a) {
      throw invalidResponse('CPLC data');
    }
    return answer.slice(3);
  }

  async info(): Promise<ChipInfo> {
    const answer = await this.#command(INS.getInfo, [], INFO_LENGTH);
    const [major = 0, minor = 0, capacity = 0, used = 0, , flags = 0] = answer;
    const personalised = (flags & 1) !== 0;
    const software = (flags & 0x80) !== 0;
    const counter = answer.subarray(38, 42);
    const { pin, puk } = triesOf(answer);
    return {
      version: `${major}.${minor}`,
      capacity,
      used,
      pinTriesLeft: pin,
      pukTriesLeft: puk,
      personalised,
      software,
      authorisationKeyFingerprint: personalised ? answer.slice(6, 38) : null,
      stateCounter: number32(counter),
      text: [
        software
          ? 'virtual chip: a program with a sealed file, without hardware protection'
          : `${this.kind} chip`,
        ...((flags & 0x40) === 0 ? [] : ['it also accepts PINs over its contactless interface']),
      ].join('; '),
    };
  }

  async publicKey(): Promise<Uint8Array> {
    const key = await this.#command(INS.getPublicKey, [], 65);
    return checked('a public key', () => checkP256PublicKey(key));
  }

  async personalise(
    authorisationKey: Uint8Array,
    pin: Uint8Array,
    { puk, lastTry }: Personalising = {},
  ): Promise<void> {
    exactly('authorisation key', authorisationKey, 65);
    // A token compares this PIN with its own.
    const before = (): Promise<void> => this.#spare('PIN', { lastTry });
    if (puk === undefined) {
      await this.#command(INS.personalise, [authorisationKey, checkPin(pin)], 0, { before });
      return;
    }
    const parts = [authorisationKey, ...withLength(checkPin(pin)), checkPuk(puk)];
    await this.#command(INS.personalise, parts, 0, { p1: 1, before });
  }

  async rotate(rotation: Parameters<SecureElement['rotate']>[0]): Promise<void> {
    exactly('authorisation key', rotation.newAuthorisationKey, 65);
    exactly('challenge', rotation.challenge, 16);
    checkSignature(rotation.signature);
    const { newAuthorisationKey, challenge, signature } = rotation;
    await this.#command(INS.rotate, [newAuthorisationKey, challenge, signature], 0);
  }

  async register(nonce: Uint8Array): Promise<Uint8Array> {
    return this.#signature(INS.register, exactly('nonce', nonce, 32));
  }

  async verifyPin(pin: Uint8Array, attempt?: Attempt): Promise<void> {
    const before = (): Promise<void> => this.#spare('PIN', attempt);
    await this.#command(INS.verifyPin, [checkPin(pin)], 0, { before });
  }

  async changePin(pin: Uint8Array, newPin: Uint8Array, attempt?: Attempt): Promise<void> {
    const before = (): Promise<void> => this.#spare('PIN', attempt);
    const parts = [...withLength(checkPin(pin)), checkPin(newPin)];
    await this.#command(INS.changePin, parts, 0, { before });
  }

  async unblock(unblocking: Unblocking, attempt?: Attempt): Promise<void> {
    const { challenge, puk, newPin, signature } = unblocking;
    const parts = [
      exactly('challenge', challenge, 16),
      ...withLength(checkPuk(puk)),
      ...withLength(checkPin(newPin)),
      checkSignature(signature),
    ];
    const before = (): Promise<void> => this.#spare('PUK', attempt);
    await this.#command(INS.unblock, parts, 0, { before });
  }

  async signSession(payload: Uint8Array): Promise<Uint8Array> {
    return this.#signature(INS.signSession, exactly('certificate payload', payload, 171));
  }

  async challenge(): Promise<Uint8Array> {
    return this.#command(INS.getChallenge, [], 16);
  }

  async store(
    record: Parameters<SecureElement['store']>[0],
  ): Promise<{ readonly slot: number; readonly used: number }> {
    const { recordId, address, secret } = record;
    exactly('record id', recordId, 32);
    exactly('address', address, 20);
    exactly('secret', secret, 32);
    const [slot = 0, used = 0] = await this.#command(INS.store, [recordId, address, secret], 2);
    return { slot, used };
  }

  async read(
    access: RecordAccess & { readonly digest: Uint8Array },
  ): Promise<{ readonly secret: Uint8Array; readonly releaseCount: number }> {
    const data = accessData(access, exactly('digest', access.digest, 32));
    const answer = await this.#command(INS.read, data, 36);
    const released = { secret: answer.slice(0, 32), releaseCount: number32(answer.subarray(32)) };
    answer.fill(0);
    return released;
  }

  async delete(
    access: RecordAccess & { readonly reasonHash: Uint8Array },
  ): Promise<{ readonly used: number }> {
    const data = accessData(access, exactly('reason hash', access.reasonHash, 32));
    const [used = 0] = await this.#command(INS.delete, data, 1);
    return { used };
  }

  stopWaiting(): void {
    this.#transport.stopWaiting?.();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.stopWaiting();
    await this.#last;
    await this.#transport.close();
  }

  async #signature(ins: number, data: Uint8Array): Promise<Uint8Array> {
    const der = await this.#command(ins, [data], null);
    checked('a DER signature', () => decodeDer(der));
    return der;
  }

  async #command(
    ins: number,
    parts: readonly Uint8Array[],
    answerLength: number | null,
    { p1 = 0, p2 = 0, before }: CommandOptions = {},
  ): Promise<Uint8Array> {
    if (this.#closed) {
      throw new SecureElementError('closed', 'the secure element is closed', { unsent: true });
    }
    const data = concat(...parts);
    const apdu = encodeApdu({ cla: CLA, ins, p1, p2, data });
    data.fill(0);
    const result = this.#last.then(async () => {
      if (!this.#selected) await this.#select();
      await before?.();
      return this.#exchange(ins, apdu);
    });
    this.#last = result.then(
      () => undefined,
      () => undefined,
    );
    const answer = await result.finally(() => apdu.fill(0));
    if (answerLength !== null && answer.length !== answerLength) {
      answer.fill(0);
      throw invalidResponse(`${answerLength} bytes`);
    }
    return answer;
  }

  /** Runs in the same turn as its command, so that no other command comes between. */
  async #spare(what: 'PIN' | 'PUK', attempt: Attempt | undefined): Promise<void> {
    const apdu = encodeApdu({ cla: CLA, ins: INS.getInfo, p1: 0, p2: 0, data: new Uint8Array() });
    const info = await this.#exchange(INS.getInfo, apdu);
    if (info.length !== INFO_LENGTH) throw invalidResponse(`${INFO_LENGTH} bytes`);
    const { pin, puk } = triesOf(info);
    spareLastTry(what, what === 'PIN' ? pin : puk, attempt);
  }

  async #select(): Promise<void> {
    await this.#exchange(INS.select, selectApdu());
    this.#selected = true;
  }

  async #exchange(ins: number, apdu: Uint8Array): Promise<Uint8Array> {
    const response = await this.#transport.transmit(apdu);
    if (response.length < 2) throw invalidResponse('a status word');
    const statusWord = number32(response.subarray(-2));
    const answer = response.slice(0, -2);
    response.fill(0);
    if (statusWord === SW.ok) return answer;
    const code = codeOf(statusWord, ins);
    const triesLeft = triesAfter(code, statusWord);
    throw new SecureElementError(code, `the chip refused: ${code} (${statusWord.toString(16)})`, {
      statusWord,
      ...(triesLeft === undefined ? {} : { triesLeft }),
    });
  }
}

/** The parameters of a command besides its data. */
interface CommandOptions {
  readonly p1?: number;
  readonly p2?: number;
  /** Runs directly before the command; if it throws, the command is not sent. */
  readonly before?: () => Promise<void>;
}

function checked(expected: string, check: () => Uint8Array): Uint8Array {
  try {
    return check();
  } catch (error) {
    if (error instanceof IntentError) throw invalidResponse(expected);
    throw error;
  }
}

function invalidResponse(expected: string): SecureElementError {
  return new SecureElementError('invalid-response', `the chip's answer is not ${expected}`);
}

function number32(bytes: Uint8Array): number {
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0);
}
