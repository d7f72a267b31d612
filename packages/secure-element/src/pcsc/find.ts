/** Finds one chip among the readers: by the reader's name, by the chip's key, or because it is the only one. */
import { chipFingerprint, equalBytes, shortFingerprint } from '@quorate/intent';
import { SecureElementError, type SecureElementErrorCode } from '../errors.ts';
import type { Pcsc, ReaderState } from './native.ts';
import { type ChipFinding, type OtherFinding, probe } from './probe.ts';

/** Selects the chip to open. */
export interface Wanted {
  /** The reader's name, or a part of it. */
  readonly reader?: string | undefined;
  /** 65 bytes */
  readonly publicKey?: Uint8Array | undefined;
}

/** Another chip than the wanted one, or no chip. */
interface Rejected {
  readonly state: OtherFinding['state'] | 'other-chip';
  readonly text: string;
}

/** Readers already examined, so that a card that stays is not disturbed again. */
export type Seen = Map<string, { readonly mark: string; readonly rejected: Rejected }>;

/** The most informative first. */
const CODES: readonly (readonly [Rejected['state'], SecureElementErrorCode])[] = [
  ['other-chip', 'wrong-chip'],
  ['other-version', 'unsupported-version'],
  ['no-applet', 'applet-missing'],
  ['in-use', 'locked'],
  ['failure', 'reader-failure'],
  ['empty', 'card-absent'],
];

/** A chip's short fingerprint, for people to compare. */
export function nameOf(publicKey: Uint8Array): string {
  return shortFingerprint(chipFingerprint(publicKey));
}

/**
 * Returns the wanted chip, connected; releases all others.
 *
 * @throws SecureElementError that names the chips found and the one expected
 */
export async function findChip(
  pcsc: Pcsc,
  wanted: Wanted,
  seen: Seen = new Map(),
): Promise<ChipFinding> {
  const rejected: Rejected[] = [];
  const found: ChipFinding[] = [];
  try {
    for (const state of await candidates(pcsc, wanted)) {
      const finding = await lookInto(pcsc, state, wanted, seen);
      if (!('card' in finding)) rejected.push(finding);
      else found.push(finding);
      // Without a key every reader is examined, so that a second chip is noticed.
      if (found.length === 1 && wanted.publicKey) break;
    }
    const [chip, another] = found;
    if (chip && !another) return chip;
    throw chip ? ambiguous(found) : notFound(rejected, wanted);
  } catch (error) {
    for (const { card } of found) await card.leave();
    throw error;
  }
}

async function lookInto(
  pcsc: Pcsc,
  state: ReaderState,
  { publicKey }: Wanted,
  seen: Seen,
): Promise<ChipFinding | Rejected> {
  const { reader, mark } = state;
  if (!state.present) return { state: 'empty', text: `there is no card in ${reader}` };
  const before = seen.get(reader);
  if (before?.mark === mark) return before.rejected;
  const finding = await probe(pcsc, reader);
  if (finding.state === 'empty' || finding.state === 'failure' || finding.state === 'in-use') {
    return finding;
  }
  if (finding.state === 'chip') {
    const { publicKey: key } = finding;
    if (!publicKey || (key && equalBytes(key, publicKey))) return finding;
    await finding.card.leave();
    const other = key ? `chip ${nameOf(key)}` : 'a chip that is not personalised';
    const text = `${reader} holds ${other}; expected chip ${nameOf(publicKey)}`;
    return remember(seen, state, { state: 'other-chip', text });
  }
  return remember(seen, state, finding);
}

function remember(seen: Seen, { reader, mark }: ReaderState, rejected: Rejected): Rejected {
  seen.set(reader, { mark, rejected });
  return rejected;
}

async function candidates(pcsc: Pcsc, { reader }: Wanted): Promise<readonly ReaderState[]> {
  const context = await pcsc.establish();
  try {
    const readers = await pcsc.readers(context);
    const named = namedReaders(readers, reader);
    if (named.length > 0) return await pcsc.states(context, named);
    const there = readers.map((name) => JSON.stringify(name)).join(', ');
    const found = readers.length === 0 ? 'there is no reader' : `found: ${there}`;
    const expected = reader === undefined ? '' : `no reader ${JSON.stringify(reader)}; `;
    throw new SecureElementError('reader-not-found', `${expected}${found}`);
  } finally {
    await pcsc.release(context);
  }
}

/** The reader with exactly this name, or those whose names contain it. */
function namedReaders(readers: readonly string[], name: string | undefined): readonly string[] {
  if (name === undefined) return readers;
  if (readers.includes(name)) return [name];
  const part = name.toLowerCase();
  return readers.filter((reader) => reader.toLowerCase().includes(part));
}

function ambiguous(found: readonly ChipFinding[]): SecureElementError {
  const chips = found.map(({ reader, publicKey }) =>
    publicKey ? `${reader} (${nameOf(publicKey)})` : `${reader} (not personalised)`,
  );
  const message = `there are several chips: ${chips.join(', ')}; name one by reader or public_key`;
  return new SecureElementError('input', message);
}

function notFound(rejected: readonly Rejected[], { publicKey }: Wanted): SecureElementError {
  const states = new Set(rejected.map(({ state }) => state));
  const code = CODES.find(([state]) => states.has(state))?.[1] ?? 'card-absent';
  const telling = rejected.filter(({ state }) => state !== 'empty');
  const texts = (telling.length > 0 ? telling : rejected).map(({ text }) => text);
  const expected = publicKey && code === 'card-absent' ? `chip ${nameOf(publicKey)}: ` : '';
  return new SecureElementError(code, `${expected}${texts.join('; ')}`);
}
