/** Finds out what is in a reader: nothing, a chip of Quorate, or something else. */
import { checkP256PublicKey } from '@quorate/intent';
import { CLA, encodeApdu, INS, selectApdu, statusOf } from '../apdu.ts';
import { SecureElementError } from '../errors.ts';
import { SW } from '../status.ts';
import { PcscCard } from './card.ts';
import type { Pcsc } from './native.ts';

/** A chip that answered. */
export interface ChipFinding {
  readonly state: 'chip';
  readonly reader: string;
  /** `major.minor` of the command set. */
  readonly version: string;
  /** 65 bytes; null before personalisation */
  readonly publicKey: Uint8Array | null;
  /** 42 bytes from the card manager; null if only the applet answers */
  readonly cplc: Uint8Array | null;
  /** The connection; the caller closes it. */
  readonly card: PcscCard;
}

/** Anything else. */
export interface OtherFinding {
  readonly state: 'empty' | 'in-use' | 'no-applet' | 'other-version' | 'failure';
  readonly reader: string;
  /** For people. */
  readonly text: string;
  readonly version?: string;
}

/** The result of examining a reader. */
export type Finding = ChipFinding | OtherFinding;

const MAJOR = 1;

/** Selects the applet and reads its version and key; leaves another vendor's card untouched. */
export async function probe(pcsc: Pcsc, reader: string): Promise<Finding> {
  let card: PcscCard;
  try {
    card = await PcscCard.connect(pcsc, reader);
  } catch (error) {
    return notConnected(reader, error);
  }
  try {
    const finding = await look(card);
    if (finding.state !== 'chip') await card.leave();
    return finding;
  } catch (error) {
    await card.leave();
    return notConnected(reader, error);
  }
}

async function look(card: PcscCard): Promise<Finding> {
  const { reader } = card;
  // A card manager answers this, while an applet may not be able to: so ask before SELECT.
  const cplc = await ask(card, INS.getCplc, { p1: 0x9f, p2: 0x7f });
  const selected = split(await card.transmit(selectApdu()));
  if (selected.statusWord !== SW.ok) {
    const text = `the card in ${reader} does not have the Quorate applet (${hex(selected.statusWord)})`;
    return { state: 'no-applet', reader, text };
  }
  const info = await ask(card, INS.getInfo);
  const [major, minor] = info.data;
  if (info.statusWord !== SW.ok || major !== MAJOR || info.data.length !== 42) {
    const version = major === undefined ? 'unknown' : `${major}.${minor ?? 0}`;
    const text = `the applet in ${reader} has version ${version}; expected ${MAJOR}.x`;
    return { state: 'other-version', reader, version, text };
  }
  const key = await ask(card, INS.getPublicKey);
  const publicKey = key.statusWord === SW.conditions ? null : checkedKey(key, reader);
  return {
    state: 'chip',
    reader,
    version: `${major}.${minor ?? 0}`,
    publicKey,
    cplc: cplcOf(cplc),
    card,
  };
}

interface Answer {
  readonly statusWord: number;
  readonly data: Uint8Array;
}

async function ask(
  card: PcscCard,
  ins: number,
  { p1, p2 }: { readonly p1: number; readonly p2: number } = { p1: 0, p2: 0 },
): Promise<Answer> {
  return split(await card.transmit(encodeApdu({ cla: CLA, ins, p1, p2, data: new Uint8Array() })));
}

function split(answer: Uint8Array): Answer {
  return { statusWord: statusOf(answer), data: answer.slice(0, -2) };
}

function checkedKey({ statusWord, data }: Answer, reader: string): Uint8Array {
  try {
    if (statusWord === SW.ok) return checkP256PublicKey(data);
  } catch {
    // Reported below.
  }
  const what = `the chip in ${reader} does not give a public key (${hex(statusWord)})`;
  throw new SecureElementError('invalid-response', what);
}

function cplcOf({ statusWord, data }: Answer): Uint8Array | null {
  const good =
    statusWord === SW.ok &&
    data.length === 45 &&
    data[0] === 0x9f &&
    data[1] === 0x7f &&
    data[2] === 0x2a;
  return good ? data.slice(3) : null;
}

function notConnected(reader: string, error: unknown): OtherFinding {
  if (!(error instanceof SecureElementError)) throw error;
  const { code } = error;
  if (code === 'no-service' || code === 'module-missing') throw error;
  if (code === 'card-absent' || code === 'card-removed') {
    return { state: 'empty', reader, text: `there is no card in ${reader}` };
  }
  if (code === 'locked') {
    return { state: 'in-use', reader, text: `another program uses the card in ${reader}` };
  }
  return { state: 'failure', reader, text: `${reader}: ${error.message}` };
}

function hex(statusWord: number): string {
  return statusWord.toString(16).padStart(4, '0');
}
