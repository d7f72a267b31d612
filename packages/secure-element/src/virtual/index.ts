/** Virtual chips: makes them, and powers them on and off. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeDirectories } from '@quorate/intent/directory';
import { CAPACITY } from '../card/card.ts';
import { ChipMachine } from '../card/machine.ts';
import { ApduSecureElement } from '../driver.ts';
import { SecureElementError } from '../errors.ts';
import type { ApduTransport, SecureElement } from '../secureElement.ts';
import { VirtualCard } from './chip.ts';
import { lockFile } from './lock.ts';
import { SCRYPT_COST, SealedFile } from './sealedFile.ts';
import { type ChipState, PIN_TRIES } from './state.ts';
import { VirtualTransport } from './transport.ts';

/** The file of a virtual chip. */
export interface VirtualChipOptions {
  /** Path of the sealed file, mode 0600. */
  readonly file: string;
  /** Secret. Any bytes, at least one; the caller wipes it. */
  readonly passphrase: Uint8Array;
}

/** Options of a new virtual chip. */
export interface NewVirtualChipOptions extends VirtualChipOptions {
  /** 8 bytes of the CPLC; random by default */
  readonly serial?: Uint8Array;
  /** scrypt's N, a power of 2. */
  readonly scryptCost?: number;
}

/**
 * Makes the file of a new, not yet personalised chip and powers it on.
 *
 * @throws SecureElementError `file-exists`, `locked`
 */
export async function createVirtualChip(options: NewVirtualChipOptions): Promise<ApduTransport> {
  const { serial = randomBytes(8), scryptCost = SCRYPT_COST } = options;
  if (serial.length !== 8) throw new SecureElementError('input', 'serial: 8 bytes');
  makeDirectories(dirname(options.file));
  return powerOn(options, async (path, passphrase) => {
    const state: ChipState = {
      counter: 0,
      cplc: makeCplc(serial),
      triesLeft: PIN_TRIES,
      personalisation: null,
      records: Array.from({ length: CAPACITY }, () => null),
    };
    const file = await SealedFile.create(path, passphrase, scryptCost, state);
    return { file, state };
  });
}

/**
 * Powers a virtual chip on. Closing the transport powers it off, which is a reset; while it is on, a second
 * process or a second opening is refused.
 *
 * @throws SecureElementError `file-missing`, `file-unreadable`, `locked`
 */
export async function openVirtualChip(options: VirtualChipOptions): Promise<ApduTransport> {
  if (!existsSync(options.file)) {
    throw new SecureElementError('file-missing', `there is no chip in ${options.file}`);
  }
  return powerOn(options, (path, passphrase) => SealedFile.open(path, passphrase));
}

async function powerOn(
  { file: path, passphrase }: VirtualChipOptions,
  load: typeof SealedFile.open,
): Promise<ApduTransport> {
  if (passphrase.length === 0) throw new SecureElementError('input', 'passphrase: at least 1 byte');
  const unlock = lockFile(path);
  try {
    const { file, state } = await load(path, passphrase);
    let written: Promise<void> | undefined;
    const power = (from: ChipState): ChipMachine =>
      new ChipMachine(
        new VirtualCard(
          from,
          (next) => file.write(next),
          (next) => {
            written = file.writeMeanwhile(next);
          },
        ),
      );
    return new VirtualTransport(power(state), {
      again: () => power(file.read()),
      takeWritten: () => {
        const taken = written;
        written = undefined;
        return taken;
      },
      off: () => {
        file.close();
        unlock();
      },
    });
  } catch (error) {
    unlock();
    throw error;
  }
}

/** A virtual chip behind the driver. */
export async function openVirtualSecureElement(
  options: VirtualChipOptions,
): Promise<SecureElement> {
  return new ApduSecureElement(await openVirtualChip(options), { kind: 'virtual' });
}

/**
 * 42 bytes in the layout of GlobalPlatform; all fields but the serial numbers are zero, because nobody
 * fabricated this chip.
 */
function makeCplc(serial: Uint8Array): Uint8Array {
  const cplc = new Uint8Array(42);
  cplc.set(serial.subarray(0, 4), 12);
  cplc.set(serial.subarray(4), 38);
  return cplc;
}
