/**
 * Secure chips: one interface, the driver that speaks APDUs over any transport, and the virtual chip.
 *
 * @module
 */
export { AID } from './apdu.ts';
export { ApduSecureElement } from './driver.ts';
export { SecureElementError, type SecureElementErrorCode } from './errors.ts';
export {
  type ChipAttachment,
  type OpenOptions,
  openSecureElement,
  type PcscAttachment,
  type Pkcs11Attachment,
  resetAttachedPin,
  type VirtualAttachment,
} from './open.ts';
export {
  listReaders,
  openPcscSecureElement,
  type PcscOptions,
  type ReaderListing,
} from './pcsc/index.ts';
export {
  listTokens,
  openPkcs11SecureElement,
  type Pkcs11Options,
  type TokenDescription,
} from './pkcs11/index.ts';
export type {
  ApduTransport,
  ChipInfo,
  Personalising,
  RecordAccess,
  SecureElement,
  SecureElementKind,
  Unblocking,
} from './secureElement.ts';
export { type Attempt, spareLastTry, type TriesLeft } from './tries.ts';
export {
  createVirtualChip,
  type NewVirtualChipOptions,
  openVirtualChip,
  openVirtualSecureElement,
  type VirtualChipOptions,
} from './virtual/index.ts';
