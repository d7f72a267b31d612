/** The files of a cosigner: all in its store directory unless the configuration says otherwise. */
import type { ChipAttachment } from '@quorate/secure-element';
import { join } from 'node:path';
import { type LoadedConfig, pathOf } from './config.ts';

export { readSecretBytes as readSecretLine } from '@quorate/holder';

/** Names inside the store directory. */
const STORE_FILES = {
  version: 'store.json',
  keys: 'keys',
  journal: 'journal',
  /** Before version 4. */
  formerSessions: 'sessions',
  pool: 'primes',
  evidence: 'evidence',
  unwanted: 'unwanted',
  partners: 'partners',
  withdrawn: 'withdrawn',
  chip: 'chip.sealed',
  passphrase: 'chip-passphrase',
  pin: 'pin',
  authority: 'authority.key',
  peer: 'peer.key',
  poolCount: 'primes.count',
  authSecret: 'auth.key',
  authPublic: 'auth.pub',
  exported: 'public.json',
} as const;

/** The paths of one cosigner. */
export interface CosignerPaths {
  readonly store: string;
  /** How the chip is attached, its paths resolved. */
  readonly attachment: ChipAttachment;
  /** Of a virtual chip. */
  readonly chip: string;
  /** Of a virtual chip. */
  readonly passphrase: string;
  readonly pin: string;
  readonly authPublic: string;
  /** A file inside the store directory. */
  inStore(name: keyof typeof STORE_FILES): string;
  partnerKey(partner: string): string;
}

/** The paths in a configuration. */
export function pathsOf(loaded: LoadedConfig): CosignerPaths {
  const { config } = loaded;
  const store = pathOf(loaded, config.store);
  const { chip } = config.identity;
  const given = (file: string | undefined, name: keyof typeof STORE_FILES): string =>
    file === undefined ? join(store, STORE_FILES[name]) : pathOf(loaded, file);
  const virtual = chip.kind === 'virtual' ? chip : undefined;
  const file = given(virtual?.file, 'chip');
  const passphrase = given(virtual?.passphrase_file, 'passphrase');
  return {
    store,
    attachment: attachmentOf(loaded, { file, passphrase_file: passphrase }),
    chip: file,
    passphrase,
    pin: given(chip.pin_file, 'pin'),
    authPublic: given(config.auth.public_key_file, 'authPublic'),
    inStore: (name) => join(store, STORE_FILES[name]),
    partnerKey: (partner) => {
      // Only own names: a partner's name may equal a property that every object inherits.
      const file = new Map(Object.entries(config.partner_keys)).get(partner);
      return file === undefined
        ? join(store, STORE_FILES.partners, `${partner}.json`)
        : pathOf(loaded, file);
    },
  };
}

function attachmentOf(
  loaded: LoadedConfig,
  files: { readonly file: string; readonly passphrase_file: string },
): ChipAttachment {
  const { chip } = loaded.config.identity;
  switch (chip.kind) {
    case 'virtual':
      return { kind: 'virtual', ...files };
    case 'pcsc':
      return { kind: 'pcsc', reader: chip.reader, public_key: chip.public_key };
    case 'pkcs11': {
      const { pin_file: _pinFile, ...token } = chip;
      return { ...token, module: pathOf(loaded, chip.module) };
    }
  }
}

/** Names a chip in messages. */
export function nameOfChip(attachment: ChipAttachment): string {
  switch (attachment.kind) {
    case 'virtual':
      return attachment.file;
    case 'pcsc':
      return attachment.reader === undefined ? 'the card' : `the card in ${attachment.reader}`;
    case 'pkcs11':
      return `the token ${attachment.token}`;
  }
}
