/**
 * Sets a new PIN on a blocked chip: people carry the order of an administrator as text, and the chip
 * judges it (docs/spec/chip.md §3.9).
 *
 * @module
 */
import {
  chipFingerprint,
  equalBytes,
  fromBase64,
  fromHex,
  hashFramed,
  IntentError,
  toHex,
} from '@quorate/intent';
import {
  type ChipInfo,
  type SecureElement,
  SecureElementError,
  spareLastTry,
} from '@quorate/secure-element';
import { type ChipAnswer, ChipUnblockAnswer, DerSignature } from '@quorate/wire';
import { CliError, usageError } from '../errors.ts';
import { EXIT } from '../exitCodes.ts';
import type { Api } from '../remote/api.ts';

/** A host's request to an administrator. */
export interface UnblockRequest {
  /** First 16 bytes of SHA-256 of the chip's key: what people compare. */
  readonly chip: Uint8Array;
  /** First 16 bytes of SHA-256 of the key that the chip obeys. */
  readonly authority: Uint8Array;
  /** 16 bytes */
  readonly challenge: Uint8Array;
}

const PREFIX = 'quorate-unblock';
const PARTS = [32, 32, 32, 8];

/** The request in one line; its end notices a mistake in copying. */
export function encodeRequest(request: UnblockRequest): string {
  const parts = [request.chip, request.authority, request.challenge, checkOf(request)];
  return [PREFIX, ...parts.map(toHex)].join(':');
}

/** @throws CliError `usage` */
export function decodeRequest(text: string): UnblockRequest {
  const [prefix, ...parts] = text.trim().toLowerCase().split(':');
  const isForm =
    prefix === PREFIX &&
    parts.length === PARTS.length &&
    parts.every((part, at) => part.length === PARTS[at] && /^[0-9a-f]+$/.test(part));
  if (!isForm) throw notRequest();
  const [chip, authority, challenge, check] = parts.map((part) => fromHex(part));
  if (!chip || !authority || !challenge || !check) throw notRequest();
  const request = { chip, authority, challenge };
  if (!equalBytes(checkOf(request), check)) throw notRequest();
  return request;
}

function notRequest(): CliError {
  return usageError(
    'not a request to unblock a chip, or not copied as a whole',
    'copy the line that quorate chips unblock printed: quorate-unblock:…',
  );
}

function checkOf({ chip, authority, challenge }: UnblockRequest): Uint8Array {
  return hashFramed('quorate/v1/unblock-request', chip, authority, challenge).slice(0, 4);
}

/** @throws CliError `usage` */
export function decodeAuthorisation(text: string): Uint8Array {
  const line = DerSignature.safeParse(text.trim());
  try {
    if (line.success) return fromBase64(line.data);
  } catch (error) {
    if (!(error instanceof IntentError)) throw error;
  }
  throw usageError(
    'not an authorisation, or not copied as a whole',
    'copy the line that quorate chips authorise-unblock printed',
  );
}

/** The order of an administrator; the coordinator writes it into its audit log. */
export async function orderUnblock(
  api: Api,
  seId: string,
  request: UnblockRequest,
): Promise<Uint8Array> {
  const answer = await api.call(ChipUnblockAnswer, {
    method: 'POST',
    path: `/api/v1/chips/${encodeURIComponent(seId)}/unblock`,
    body: { challenge: toHex(request.challenge), authority: toHex(request.authority) },
  });
  return fromBase64(answer.authorisation);
}

/** The registry's chip that a request is about. */
export function chipOfRequest(
  registered: readonly ChipAnswer[],
  { chip }: UnblockRequest,
): ChipAnswer {
  const found = registered.find(({ public_key }) => {
    const key = fromHex(public_key);
    return equalBytes(chipFingerprint(key).subarray(0, 16), chip);
  });
  if (found !== undefined) return found;
  throw new CliError('unknown_chip', 'the registry has no chip with the key of this request', {
    exit: EXIT.refused,
    hint: 'is it registered with this coordinator?',
  });
}

/** The answers that the chip's host needs from its people and its administrator. */
export interface Unblocker {
  /** Tells what is known of the tries. */
  readonly tell: (info: ChipInfo) => void;
  /** Asked before the administrator, so that a slip costs no order. */
  readonly secrets: () => Promise<{ readonly puk: Uint8Array; readonly newPin: Uint8Array }>;
  /** DER for a request. */
  readonly authorise: (request: UnblockRequest) => Promise<Uint8Array>;
  readonly lastTry: boolean;
}

/**
 * Sets a new PIN on a blocked chip. The chip keeps its power meanwhile: without power it forgets its challenge.
 *
 * @throws SecureElementError, CliError
 */
export async function unblockChip(element: SecureElement, options: Unblocker): Promise<void> {
  const info = await element.info();
  options.tell(info);
  const authority = checkUnblockable(info);
  const { lastTry } = options;
  spareLastTry('PUK', info.pukTriesLeft, { lastTry });
  const { puk, newPin } = await options.secrets();
  try {
    const challenge = await element.challenge();
    const chip = chipFingerprint(await element.publicKey()).slice(0, 16);
    const request = { chip, authority: authority.slice(0, 16), challenge };
    const signature = await options.authorise(request);
    await element.unblock({ challenge, signature, puk, newPin }, { lastTry });
  } finally {
    puk.fill(0);
    newPin.fill(0);
  }
}

/** Refuses early, before it asks anybody, whatever the chip would refuse; returns the authority that the chip obeys. */
function checkUnblockable(info: ChipInfo): Uint8Array {
  const { personalised, pukTriesLeft, pinTriesLeft, authorisationKeyFingerprint } = info;
  if (!personalised || authorisationKeyFingerprint === null) {
    throw new CliError('not-personalised', 'this chip is not personalised: it has no PIN', {
      exit: EXIT.refused,
      hint: 'quorate chips init',
    });
  }
  if (pukTriesLeft === null) throw refusedEarly('no-puk');
  if (pinTriesLeft !== 0) throw refusedEarly('pin-not-blocked');
  if (pukTriesLeft === 0) throw refusedEarly('puk-blocked');
  return authorisationKeyFingerprint;
}

/** As the chip would say it. */
function refusedEarly(code: 'no-puk' | 'pin-not-blocked' | 'puk-blocked'): SecureElementError {
  return new SecureElementError(code, `the chip would refuse: ${code}`, { unsent: true });
}
