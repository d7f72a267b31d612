/** Virtual chips for the suites, each in a directory of its own. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from '../../../../test/support/temporaryDirectory.ts';
import { type ApduTransport, createVirtualChip, openVirtualChip } from '../../src/index.ts';
import { ChipMachine } from '../../src/card/machine.ts';
import { VirtualCard } from '../../src/virtual/chip.ts';
import { SealedFile } from '../../src/virtual/sealedFile.ts';
import type { ChipUnderTest } from './host.ts';

export const PASSPHRASE: Buffer = Buffer.from('correct horse');
/** The lowest cost that scrypt takes: tests open hundreds of chips. */
export const SCRYPT_COST = 2;

/** A directory for a chip's file. */
export function makeChipFile(): { file: string; remove: () => void } {
  const directory = temporaryDirectory();
  return {
    file: join(directory, 'chip'),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** A fresh virtual chip, powered on. */
export async function makeVirtualChip(): Promise<ChipUnderTest & { readonly file: string }> {
  const { file, remove } = makeChipFile();
  const options = { file, passphrase: PASSPHRASE };
  let transport = await createVirtualChip({ ...options, scryptCost: SCRYPT_COST });
  return {
    file,
    get transport() {
      return transport;
    },
    reset: async () => {
      await transport.close();
      transport = await openVirtualChip(options);
    },
    resetAndCutPowerAfterWrite: async (count) => {
      await transport.close();
      transport = await openFragileChip(file, count);
    },
    dispose: async () => {
      await transport.close();
      remove();
    },
  };
}

/** A chip whose power goes directly after its nth write. */
export async function openFragileChip(path: string, lastWrite: number): Promise<ApduTransport> {
  const { file, state } = await SealedFile.open(path, PASSPHRASE);
  let writes = 0;
  const card = new VirtualCard(state, (next) => {
    file.write(next);
    writes += 1;
    if (writes === lastWrite) throw new Error('power cut');
  });
  const machine = new ChipMachine(card);
  return {
    transmit: async (apdu) => machine.process(apdu),
    close: async () => file.close(),
  };
}
