/**
 * Making, personalising and registering a chip, as the commands and the development cluster do it.
 *
 * @module
 */
import { AuthorisationKeyAnswer, ChipChallengeAnswer, type ChipKindName } from '@quorate/wire';
import { chipFingerprint, fromHex, shortFingerprint, toBase64, toHex } from '@quorate/intent';
import {
  ApduSecureElement,
  createVirtualChip,
  openVirtualChip,
  type SecureElement,
} from '@quorate/secure-element';
import { usageError } from '../errors.ts';
import type { Api } from '../remote/api.ts';

/** Where a virtual chip is kept, and what opens it. */
export interface ChipFile {
  readonly file: string;
  /** Secret. */
  readonly passphrase: Uint8Array;
}

/** The identity of a chip in the registry. */
export interface ChipIdentity {
  readonly cpic: string;
  /** 65 bytes */
  readonly publicKey: Uint8Array;
  /** For people who compare. */
  readonly fingerprint: string;
}

/** The key whose signatures the chips of a coordinator obey. */
export interface Authority {
  /** 65 bytes */
  readonly publicKey: Uint8Array;
  readonly fingerprint: string;
}

/** Asks the coordinator for its authorisation key; its fingerprint is computed here. */
export async function authorityOf(api: Api): Promise<Authority> {
  const answer = await api.call(AuthorisationKeyAnswer, {
    method: 'GET',
    path: '/api/v1/authorisation-key',
  });
  const publicKey = fromHex(answer.public_key.replace(/^0x/, ''));
  if (publicKey.length !== 65) throw usageError('the authorisation key is not 65 bytes');
  return { publicKey, fingerprint: shortFingerprint(chipFingerprint(publicKey)) };
}

/** Whether two fingerprints are the same to a person: case and separators do not count. */
export function sameFingerprint(a: string, b: string): boolean {
  const plain = (text: string): string => text.replaceAll(/[^0-9a-fA-F]/g, '').toLowerCase();
  return plain(a) === plain(b) && plain(a) !== '';
}

/** Makes a virtual chip and gives it its authority and its first PIN. */
export async function makeChip(
  chip: ChipFile & { readonly scryptCost?: number },
  authority: Authority,
  pin: Uint8Array,
): Promise<ChipIdentity> {
  // A development cluster's: nobody keeps a PUK of it.
  await (await createVirtualChip(chip)).close();
  return withChip(chip, async (element) => {
    await element.personalise(authority.publicKey, pin);
    return identityOf(element);
  });
}

/** Opens a chip for one piece of work and closes it after. */
export async function withChip<T>(
  chip: ChipFile,
  use: (element: SecureElement) => Promise<T>,
): Promise<T> {
  const element = new ApduSecureElement(await openVirtualChip(chip));
  try {
    return await use(element);
  } finally {
    await element.close();
  }
}

/** Reads what a chip says about itself. */
export async function identityOf(element: SecureElement): Promise<ChipIdentity> {
  const cplc = await element.cplc();
  const publicKey = await element.publicKey();
  return {
    cpic: toHex(cplc),
    publicKey,
    fingerprint: shortFingerprint(chipFingerprint(publicKey)),
  };
}

/** Who gets which chip. */
export interface Registration {
  readonly username: string;
  readonly seId: string;
  readonly label?: string;
  /** The kind of chip; the registry keeps it as a claim. */
  readonly kind?: ChipKindName;
  /** Use the last try of the PIN, too. */
  readonly lastTry?: boolean | undefined;
}

/** Proves to the coordinator that the chip is here, and registers it. */
export async function registerChip(
  api: Api,
  element: SecureElement,
  pin: Uint8Array,
  registration: Registration,
): Promise<ChipIdentity> {
  const { nonce } = await api.call(ChipChallengeAnswer, {
    method: 'POST',
    path: '/api/v1/chips/challenge',
    body: {},
  });
  await element.verifyPin(pin, { lastTry: registration.lastTry });
  const proof = await element.register(fromHex(nonce.replace(/^0x/, '')));
  const identity = await identityOf(element);
  await api.done({
    method: 'POST',
    path: '/api/v1/chips',
    body: {
      username: registration.username,
      se_id: registration.seId,
      cpic: identity.cpic,
      public_key: toHex(identity.publicKey),
      nonce,
      proof: toBase64(proof),
      ...(registration.label === undefined ? {} : { label: registration.label }),
      ...(registration.kind === undefined ? {} : { kind: registration.kind }),
    },
  });
  return identity;
}
