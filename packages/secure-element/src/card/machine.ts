/** A chip as an APDU machine: bytes in, bytes out, and no bytes make it throw. */
import { equalBytes } from '@quorate/intent';
import { AID, CLA, CLA_ISO, type CommandApdu, INS, parseApdu } from '../apdu.ts';
import { statusBytes, SW } from '../status.ts';
import { type Card, StatusError } from './card.ts';
import {
  changePin,
  getCplc,
  getInfo,
  getPublicKey,
  isPinLength,
  MAX_DER,
  MIN_DER,
  personalise,
  register,
  rotate,
  signSession,
  unblock,
  verifyPin,
} from './commands.ts';
import { CardMemory, type PoweredCard } from './memory.ts';
import { deleteRecord, read, store } from './records.ts';

interface Command {
  /** Whether the command takes data of this length. */
  readonly takes: (length: number, p1: number) => boolean;
  /** The longest answer, in bytes. */
  readonly answers: number;
  readonly needsPin?: boolean;
  readonly needsPersonalisation?: boolean;
  /** The highest P1, 0 unless given. */
  readonly maxP1?: (card: Card) => number;
  /** Whether this card has the command at all. */
  readonly isKnown?: (card: Card) => boolean;
  readonly run: (powered: PoweredCard, data: Uint8Array, p1: number) => Uint8Array | void;
}

const exactly =
  (expected: number) =>
  (length: number): boolean =>
    length === expected;
const withDer =
  (before: number) =>
  (length: number): boolean =>
    length >= before + MIN_DER && length <= before + MAX_DER;
const between =
  (shortest: number, longest: number) =>
  (length: number): boolean =>
    length >= shortest && length <= longest;

const COMMANDS: ReadonlyMap<number, Command> = new Map<number, Command>([
  [INS.getInfo, { takes: exactly(0), answers: 42, run: getInfo }],
  [INS.getPublicKey, { takes: exactly(0), answers: 65, run: getPublicKey }],
  [
    INS.personalise,
    {
      takes: (n, p1) => (p1 === 0 ? isPinLength(n - 65) : between(78, 98)(n)),
      answers: 0,
      maxP1: (card) => (card.takesPuk ? 1 : 0),
      run: personalise,
    },
  ],
  [INS.rotate, { takes: withDer(81), answers: 0, needsPin: true, run: rotate }],
  [INS.register, { takes: exactly(32), answers: MAX_DER, needsPin: true, run: register }],
  [INS.signSession, { takes: exactly(171), answers: MAX_DER, needsPin: true, run: signSession }],
  [INS.verifyPin, { takes: isPinLength, answers: 0, needsPersonalisation: true, run: verifyPin }],
  [
    INS.changePin,
    { takes: between(9, 33), answers: 0, needsPersonalisation: true, run: changePin },
  ],
  [
    INS.unblock,
    {
      takes: between(38, 122),
      answers: 0,
      isKnown: (card) => card.status().pukTriesLeft !== null,
      run: unblock,
    },
  ],
  [
    INS.getChallenge,
    { takes: exactly(0), answers: 16, run: ({ memory }) => memory.newChallenge() },
  ],
  [INS.store, { takes: exactly(84), answers: 2, needsPin: true, run: store }],
  [INS.read, { takes: withDer(132), answers: 36, needsPin: true, run: read }],
  [INS.delete, { takes: withDer(132), answers: 1, needsPin: true, run: deleteRecord }],
]);

/** A powered chip. A reset is a new machine over the same card. */
export class ChipMachine {
  readonly #card: Card;
  readonly #memory: CardMemory = new CardMemory();
  #broken = false;

  constructor(card: Card) {
    this.#card = card;
  }

  /** Answers one command APDU. */
  process(apdu: Uint8Array): Uint8Array {
    try {
      if (this.#broken) throw new StatusError(SW.memoryFailure);
      const answer = this.#run(Uint8Array.from(apdu));
      const response = Uint8Array.of(...answer, ...statusBytes(SW.ok));
      answer.fill(0);
      return response;
    } catch (error) {
      const statusWord = error instanceof StatusError ? error.statusWord : SW.failure;
      // The state of the persistent memory is unknown now, so the chip stays silent until its power returns.
      if (statusWord === SW.memoryFailure) this.#broken = true;
      return statusBytes(statusWord);
    }
  }

  /** Wipes every secret. */
  powerOff(): void {
    this.#broken = true;
    this.#card.powerOff();
  }

  #run(bytes: Uint8Array): Uint8Array {
    const apdu = parseApdu(bytes);
    if (apdu === null) throw new StatusError(SW.wrongLength);
    if (apdu.cla === CLA_ISO && apdu.ins === INS.select) return this.#select(apdu);
    if (apdu.cla !== CLA) throw new StatusError(SW.unknownClass);
    if (apdu.ins === INS.getCplc) return this.#getCplc(apdu);
    if (!this.#memory.selected) throw new StatusError(SW.unknownInstruction);
    const command = this.#commandOf(apdu);
    if (!command.takes(apdu.data.length, apdu.p1)) throw new StatusError(SW.wrongLength);
    checkAnswerFits(apdu, command.answers);
    if (command.needsPin || command.needsPersonalisation) this.#card.publicKey();
    if (command.needsPin && !this.#memory.pinVerified) throw new StatusError(SW.pinRequired);
    try {
      return (
        command.run({ card: this.#card, memory: this.#memory }, apdu.data, apdu.p1) ??
        new Uint8Array(0)
      );
    } finally {
      bytes.fill(0);
    }
  }

  #commandOf({ ins, p1, p2 }: CommandApdu): Command {
    const command = COMMANDS.get(ins);
    if (command === undefined || command.isKnown?.(this.#card) === false) {
      throw new StatusError(SW.unknownInstruction);
    }
    if (p1 > (command.maxP1?.(this.#card) ?? 0) || p2 !== 0) {
      throw new StatusError(SW.wrongParameters);
    }
    return command;
  }

  #select({ p1, p2, data }: CommandApdu): Uint8Array {
    if (p1 !== 4 || p2 !== 0) throw new StatusError(SW.wrongParameters);
    if (!equalBytes(data, AID)) throw new StatusError(SW.fileNotFound);
    this.#memory.selected = true;
    this.#memory.pinVerified = false;
    this.#card.unverifyPin();
    return new Uint8Array(0);
  }

  #getCplc(apdu: CommandApdu): Uint8Array {
    if (apdu.p1 !== 0x9f || apdu.p2 !== 0x7f) throw new StatusError(SW.recordNotFound);
    if (apdu.data.length > 0) throw new StatusError(SW.wrongLength);
    checkAnswerFits(apdu, 45);
    return getCplc(this.#card);
  }
}

/** Refuses before anything happens, so that no answer is lost after a challenge or a try was spent. */
function checkAnswerFits({ le }: CommandApdu, length: number): void {
  if (le !== null && le < length) throw new StatusError(SW.wrongLe | length);
}
