/**
 * The PUK of a chip: made here, shown once, and typed by people.
 *
 * @module
 */
import type { ChipInfo, SecureElement, SecureElementKind } from '@quorate/secure-element';
import { randomInt } from 'node:crypto';
import { rmSync } from 'node:fs';
import { usageError } from '../errors.ts';
import { writeDurably } from '../files.ts';

/** No I, L, O and U: nobody takes one of these for another. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const GROUPS = 3;
const GROUP = 4;

/** A new PUK: three groups of four characters, 60 bits, with hyphens between, which belong to it. */
export function makePuk(): string {
  const group = (): string =>
    Array.from({ length: GROUP }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
  return Array.from({ length: GROUPS }, group).join('-');
}

/**
 * The bytes of a PUK as the chip knows them; one of ours may be typed in small letters and without hyphens.
 *
 * @throws CliError `usage` for another length than 8 to 16 bytes
 */
export function pukBytes(typed: Uint8Array): Uint8Array {
  const text = Buffer.from(typed).toString('latin1');
  const plain = text.replaceAll(/[ -]/g, '').toUpperCase();
  const isOurs = plain.length === GROUPS * GROUP && /^[0-9A-HJKMNP-TV-Z]+$/.test(plain);
  const bytes = isOurs
    ? Buffer.from(plain.replaceAll(/.{4}(?=.)/g, '$&-'), 'latin1')
    : Uint8Array.from(typed);
  if (bytes.length >= 8 && bytes.length <= 16) return new Uint8Array(bytes);
  throw usageError('a PUK has 8 to 16 bytes');
}

/**
 * Refuses a file for the PUK of a token, which has none.
 *
 * @throws CliError `usage`
 */
export function checkPukFile(kind: SecureElementKind, file: string | undefined): void {
  if (kind !== 'pkcs11' || file === undefined) return;
  throw usageError('a token has no PUK', 'its security officer sets a new PIN: omit --puk-out');
}

/**
 * The PUK that a new chip gets; undefined where a chip takes none, or has what it has.
 *
 * @throws CliError `usage` when there is one, and neither a file for it nor a terminal that shows it; for a file
 * where there can be none
 */
export function pukFor(
  { personalised, version }: ChipInfo,
  kind: SecureElementKind,
  { pukOut, mayShow }: { readonly pukOut?: string | undefined; readonly mayShow: boolean },
): string | undefined {
  checkPukFile(kind, pukOut);
  if (kind === 'pkcs11' || personalised || version === '1.0') return undefined;
  if (pukOut === undefined && !mayShow) {
    throw usageError(
      'the PUK is shown once, on a terminal, but there is no terminal',
      'use --puk-out FILE, and keep the file away from the PIN and from this machine',
    );
  }
  return makePuk();
}

/** Writes a PUK to its file, where one is named, and returns its bytes: a PUK that nobody has frees nobody. */
export function pukOnDisk(file: string | undefined, puk: string): Uint8Array {
  if (file !== undefined) writeDurably(file, `${puk}\n`, { private: true, fresh: true });
  return Uint8Array.from(Buffer.from(puk, 'latin1'));
}

/** Personalises with a PUK, and removes the file again when the chip did not get it. */
export async function withPukOnDisk(
  element: SecureElement,
  { file, puk }: { readonly file: string | undefined; readonly puk: string | undefined },
  personalise: (puk: Uint8Array | undefined) => Promise<void>,
): Promise<void> {
  if (puk === undefined) return personalise(undefined);
  const bytes = pukOnDisk(file, puk);
  try {
    await personalise(bytes);
  } catch (error) {
    if (file !== undefined && !(await mayBePersonalised(element))) rmSync(file);
    throw error;
  } finally {
    bytes.fill(0);
  }
}

/** Whether a chip is personalised; a silent one may be. */
async function mayBePersonalised(element: SecureElement): Promise<boolean> {
  return element.info().then(
    ({ personalised }) => personalised,
    () => true,
  );
}

/** The lines that tell a person of a new PUK. */
export function pukLines(
  puk: string | undefined,
  file: string | undefined,
  command = 'quorate chips unblock',
): readonly string[] {
  if (puk === undefined) return [];
  return [
    `PUK          ${file === undefined ? puk : `in ${file}`}`,
    `It unblocks the chip (${command}). Keep it away from the PIN and from this machine.`,
  ];
}
