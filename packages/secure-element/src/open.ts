/**
 * Opens a chip of any kind, as a configuration names it. Libraries of a kind are loaded only when it is used.
 */
import { checkP256PublicKey, fromHex } from '@quorate/intent';
import { SecureElementError } from './errors.ts';
import type { Pkcs11Options } from './pkcs11/index.ts';
import type { NewPin } from './pkcs11/pins.ts';
import type { SecureElement } from './secureElement.ts';
import { openVirtualSecureElement } from './virtual/index.ts';

/** A virtual chip: a program with a sealed file. */
export interface VirtualAttachment {
  readonly kind: 'virtual';
  readonly file: string;
  readonly passphrase_file: string;
}

/** A card in a reader; without `reader` and `public_key`, the only chip in any reader. */
export interface PcscAttachment {
  readonly kind: 'pcsc';
  /** The reader's name, or a part of it. */
  readonly reader?: string | undefined;
  /** 65 bytes in hex: only this chip is accepted. */
  readonly public_key?: string | undefined;
}

/** A token behind a PKCS#11 module. */
export interface Pkcs11Attachment {
  readonly kind: 'pkcs11';
  /** Path of the module. */
  readonly module: string;
  /** Parameters of the module's initialisation, if it needs any. */
  readonly library_parameters?: string | undefined;
  /** The token's label. */
  readonly token: string;
  readonly serial?: string | undefined;
  /** 65 bytes in hex: only this token is accepted. */
  readonly public_key?: string | undefined;
}

/** The attachment of a chip to this machine. Paths are absolute or relative to the working directory. */
export type ChipAttachment = VirtualAttachment | PcscAttachment | Pkcs11Attachment;

/** Options of opening, besides the attachment. */
export interface OpenOptions {
  /** Secret. For a virtual chip's file; the caller wipes it. */
  readonly passphrase?: Uint8Array;
  /** Called with an instruction for a person, e.g. to put a chip back. */
  readonly onWaiting?: (what: string) => void;
}

/**
 * Opens a chip of any kind.
 *
 * @throws SecureElementError `module-missing` with the package to install, `no-service`, `reader-not-found`,
 * `card-absent`, `applet-missing`, `unsupported-version`, `wrong-chip`, `locked`, and those of a virtual
 * chip's file
 */
export async function openSecureElement(
  attachment: ChipAttachment,
  options: OpenOptions = {},
): Promise<SecureElement> {
  switch (attachment.kind) {
    case 'virtual': {
      const { passphrase } = options;
      if (passphrase === undefined) {
        throw new SecureElementError('input', 'a virtual chip needs its passphrase');
      }
      return openVirtualSecureElement({ file: attachment.file, passphrase });
    }
    case 'pcsc': {
      const { openPcscSecureElement } = await import('./pcsc/index.ts');
      const { reader, public_key } = attachment;
      const { onWaiting } = options;
      return openPcscSecureElement({
        reader,
        publicKey: publicKeyOf(public_key),
        ...(onWaiting ? { onWaiting } : {}),
      });
    }
    case 'pkcs11': {
      const { openPkcs11SecureElement } = await import('./pkcs11/index.ts');
      const { onWaiting } = options;
      return openPkcs11SecureElement({
        ...tokenOptions(attachment),
        ...(onWaiting ? { onWaiting } : {}),
      });
    }
  }
}

/**
 * Lets the security officer of a token set a new user PIN; the configuration names the token.
 *
 * @throws SecureElementError those of `resetTokenPin`
 */
export async function resetAttachedPin(attachment: Pkcs11Attachment, pins: NewPin): Promise<void> {
  const { resetTokenPin } = await import('./pkcs11/index.ts');
  await resetTokenPin(tokenOptions(attachment), pins);
}

function tokenOptions(attachment: Pkcs11Attachment): Pkcs11Options {
  const { module, library_parameters, token, serial, public_key } = attachment;
  return {
    module,
    libraryParameters: library_parameters,
    token,
    serial,
    publicKey: publicKeyOf(public_key),
  };
}

function publicKeyOf(text: string | undefined): Uint8Array | undefined {
  if (text === undefined) return undefined;
  try {
    return checkP256PublicKey(fromHex(text, 65));
  } catch (cause) {
    const message = 'public_key: the 65 bytes of a point of P-256, in hex';
    throw new SecureElementError('input', message, { cause });
  }
}
