import { Keyshare } from '@quorate/tss/dkls23';
import type { SecureElement } from '@quorate/secure-element';
import { changedChip } from './changedChip.ts';

/** A chip that remembers what it was given to keep, for a test that looks for it elsewhere. */
export function remembering(chip: SecureElement, openers: Uint8Array[]): SecureElement {
  return changedChip(chip, {
    store: (record) => {
      openers.push(Uint8Array.from(record.secret));
      return chip.store(record);
    },
  });
}

/** Every secret of a keyshare, as bytes. */
export function secretsOf(encoded: Uint8Array): Uint8Array[] {
  const { fields } = Keyshare.decode(encoded);
  const scalar: unknown = fields.secretShare;
  const found: Uint8Array[] = [];
  collect(scalar, found);
  for (const pair of fields.pairs) collect(pair, found);
  return found;
}

function collect(value: unknown, found: Uint8Array[]): void {
  if (value instanceof Uint8Array) {
    // Long fields are searched by their first 32 bytes.
    if (value.length >= 16) found.push(value.subarray(0, 32));
  } else if (typeof value === 'bigint') {
    found.push(Uint8Array.from(Buffer.from(value.toString(16).padStart(64, '0'), 'hex')));
  } else if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) collect(inner, found);
  }
}

/** Every way in which bytes could have been written into a text. */
export function spellings(secret: Uint8Array): string[] {
  const straight = Buffer.from(secret);
  const reversed = Buffer.from(secret.toReversed());
  return [straight, reversed].flatMap((bytes) => [
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    bytes.toString('latin1'),
    BigInt(`0x${bytes.toString('hex')}`).toString(),
    ...base64Windows(bytes),
  ]);
}

/** The characters that bytes have in common at each of the three alignments of base64. */
function base64Windows(bytes: Buffer): string[] {
  return [0, 1, 2].flatMap((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
    const start = shift === 0 ? 0 : shift + 1;
    const middle = text.slice(start, start + 16);
    return [middle, middle.replaceAll('+', '-').replaceAll('/', '_')];
  });
}
