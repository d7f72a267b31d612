/** Chips in readers, through the smart card service of the system (PC/SC). */
import { ApduSecureElement } from '../driver.ts';
import type { SecureElement } from '../secureElement.ts';
import { PcscChip } from './chip.ts';
import { findChip, type Wanted } from './find.ts';
import { loadPcsc, type Pcsc } from './native.ts';
import { probe } from './probe.ts';

/** Selects the chip to open, and names who is told to act. */
export interface PcscOptions extends Wanted {
  readonly onWaiting?: (what: string) => void;
}

/**
 * Opens the chip in a reader; no other program reaches it until it is closed, and closing resets it.
 *
 * @throws SecureElementError `module-missing`, `no-service`, `reader-not-found`, `card-absent`,
 * `applet-missing`, `unsupported-version`, `wrong-chip`, `locked`, `reader-failure`, `input` if there are
 * several chips
 */
export async function openPcscSecureElement(options: PcscOptions): Promise<SecureElement> {
  const { reader, publicKey, onWaiting = () => undefined } = options;
  const pcsc = await loadPcsc();
  const found = await findChip(pcsc, { reader, publicKey });
  return new ApduSecureElement(new PcscChip({ pcsc, found, reader, onWaiting }), {
    kind: 'pcsc',
    ...(found.cplc === null ? {} : { cplc: found.cplc }),
  });
}

/** A reader and its content. */
export interface ReaderListing {
  readonly reader: string;
  readonly state: 'empty' | 'in-use' | 'no-applet' | 'other-version' | 'failure' | 'chip';
  /** One sentence for people. */
  readonly text: string;
  readonly version?: string;
  /** 65 bytes, of a personalised chip */
  readonly publicKey?: Uint8Array;
}

/**
 * Examines every reader. Leaves a card alone that another program uses.
 *
 * @throws SecureElementError `module-missing`, `no-service`
 */
export async function listReaders(): Promise<readonly ReaderListing[]> {
  const pcsc = await loadPcsc();
  const listings: ReaderListing[] = [];
  for (const reader of await readerNames(pcsc)) {
    const finding = await probe(pcsc, reader);
    if (finding.state !== 'chip') {
      listings.push(finding);
      continue;
    }
    await finding.card.leave();
    const { state, version, publicKey } = finding;
    const text = publicKey ? `a chip, version ${version}` : `a new chip, version ${version}`;
    listings.push({ reader, state, version, text, ...(publicKey ? { publicKey } : {}) });
  }
  return listings;
}

async function readerNames(pcsc: Pcsc): Promise<readonly string[]> {
  const context = await pcsc.establish();
  try {
    return await pcsc.readers(context);
  } finally {
    await pcsc.release(context);
  }
}
