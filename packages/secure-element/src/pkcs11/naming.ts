/** Names a token where a card has a CPLC, and in the names of locks. docs/spec/chip.md §6. */
import { createHash } from 'node:crypto';
import { framed } from '@quorate/intent';
import type { ChipName } from './chipKey.ts';

/** A token as its module describes it. */
export interface TokenName {
  readonly label: string;
  readonly serial: string;
  readonly manufacturer: string;
  readonly model: string;
  /** Whether the token has a user PIN; without one it cannot be personalised. */
  readonly ready: boolean;
  /** False if the module says that its slot is not hardware. */
  readonly hardware: boolean;
}

type Told = Pick<TokenName, 'manufacturer' | 'model' | 'serial'>;

/**
 * The 42 bytes that stand for a token: `PK11`, SHA-256 of its module's description and of the chip's key, six
 * zeros. Like a card's CPLC they identify and do not authenticate.
 *
 * Serial numbers do not distinguish tokens, because some modules give every token the same one. A chip
 * personalised before its key was included keeps the CPLC that it is registered with.
 */
export function tokenCplc(told: Told, chip: ChipName | null): Uint8Array {
  const fields = [told.manufacturer, told.model, told.serial].map(bytesOf);
  const named =
    chip?.isInCplc === true
      ? framed('quorate/v1/token-chip-cplc', ...fields, chip.key)
      : framed('quorate/v1/token-cplc', ...fields);
  const hash = createHash('sha256').update(named).digest();
  return Uint8Array.of(...Buffer.from('PK11', 'latin1'), ...hash, ...new Uint8Array(6));
}

/** The lock name of a chip, whatever token it claims to be. */
export function chipLockName(chipKey: Uint8Array): string {
  return lockName('token-chip', chipKey);
}

/** The lock name of a token that is no chip yet. */
export function blankLockName(told: Told & Pick<TokenName, 'label'>): string {
  const fields = [told.manufacturer, told.model, told.serial, told.label].map(bytesOf);
  return lockName('token-blank', ...fields);
}

function lockName(label: string, ...fields: readonly Uint8Array[]): string {
  const hash = createHash('sha256')
    .update(framed(label, ...fields))
    .digest('hex');
  return `token-${hash.slice(0, 32)}`;
}

function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, 'utf8');
}
