/** Return codes of PC/SC, and their meaning here. */
import { SecureElementError, type SecureElementErrorCode } from '../errors.ts';

/** Codes of winscard.h that need to be distinguished. */
export const SCARD = {
  success: 0,
  invalidHandle: 0x80100003,
  unknownReader: 0x80100009,
  sharingViolation: 0x8010000b,
  noSmartcard: 0x8010000c,
  commError: 0x80100013,
  notTransacted: 0x80100016,
  readerUnavailable: 0x80100017,
  noService: 0x8010001d,
  serviceStopped: 0x8010001e,
  noReaders: 0x8010002e,
  unresponsive: 0x80100066,
  unpowered: 0x80100067,
  reset: 0x80100068,
  removed: 0x80100069,
} as const;

const CODES: ReadonlyMap<number, SecureElementErrorCode> = new Map([
  [SCARD.unknownReader, 'reader-not-found'],
  [SCARD.noReaders, 'reader-not-found'],
  [SCARD.readerUnavailable, 'reader-not-found'],
  [SCARD.sharingViolation, 'locked'],
  [SCARD.noSmartcard, 'card-absent'],
  [SCARD.removed, 'card-removed'],
  [SCARD.reset, 'card-removed'],
  [SCARD.unpowered, 'card-removed'],
  [SCARD.invalidHandle, 'card-removed'],
  [SCARD.commError, 'no-service'],
  [SCARD.noService, 'no-service'],
  [SCARD.serviceStopped, 'no-service'],
]);

const START_SERVICE: Partial<Record<NodeJS.Platform, string>> = {
  linux: 'is pcscd installed and running? (apt-get install pcscd; systemctl start pcscd.socket)',
  win32: 'is the Smart Card service running? (Start-Service SCardSvr)',
};

/** The error for a return code. */
export function pcscError(code: number, what: string): SecureElementError {
  const kind = CODES.get(code) ?? 'reader-failure';
  const hint = kind === 'no-service' ? START_SERVICE[process.platform] : undefined;
  const number = `PC/SC ${code.toString(16)}`;
  return new SecureElementError(kind, `${what}: ${kind} (${number})${hint ? `; ${hint}` : ''}`);
}
