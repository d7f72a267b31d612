/** The bytes of a journal: header, frames and their checks. docs/spec/journal.md §1. */
import { createHash, randomBytes } from 'node:crypto';
import { HolderError } from '../errors.ts';

const MAGIC = Buffer.from('QRTJRNL', 'latin1');
const FRAMING = 1;
const NAME_LENGTH = 30;
const ID_LENGTH = 16;
const TAG_LENGTH = 16;
const HEAD_TAG_LENGTH = 8;
const VERSION_AT = MAGIC.length + 1;
const NAME_AT = VERSION_AT + 2;
const ID_AT = NAME_AT + NAME_LENGTH;

/** Bytes before the first frame. */
export const HEADER_LENGTH: number = ID_AT + ID_LENGTH + TAG_LENGTH;

/** Bytes that no UTF-8 text has: a text in an entry cannot look like the head of a frame. */
const FRAME_MAGIC = Buffer.of(0xf5, 0x4a, 0xfa, 0xd1);
const HEAD_LENGTH = FRAME_MAGIC.length + 4 + HEAD_TAG_LENGTH;

/** The most bytes of a payload. */
export const MAX_PAYLOAD: number = 16 * 1024 * 1024;

const LABEL = 'quorate/v1/journal';

/** The owner of a journal, and the version of its entries. */
export interface JournalOwner {
  /** ASCII, 1..30 characters */
  readonly name: string;
  /** 1..65535 */
  readonly version: number;
}

/** Makes the header of a new journal. */
export function encodeHeader({ name, version }: JournalOwner): {
  readonly header: Buffer;
  /** 16 bytes */
  readonly id: Buffer;
} {
  const header = Buffer.alloc(HEADER_LENGTH);
  const id = randomBytes(ID_LENGTH);
  MAGIC.copy(header);
  header.writeUInt8(FRAMING, MAGIC.length);
  header.writeUInt16BE(version, VERSION_AT);
  header.write(name, NAME_AT, NAME_LENGTH, 'latin1');
  id.copy(header, ID_AT);
  tagOf('header', header.subarray(0, ID_AT + ID_LENGTH)).copy(header, ID_AT + ID_LENGTH);
  return { header, id };
}

/**
 * Reads the header; returns the journal's id.
 * @throws HolderError `store/newer-version`, `store/tampered`
 */
export function decodeHeader(path: string, bytes: Buffer, owner: JournalOwner): Buffer {
  const isJournal = bytes.length >= HEADER_LENGTH && bytes.indexOf(MAGIC) === 0;
  if (!isJournal) throw tampered(path, 0, 'is no header of a journal');
  const framing = bytes.readUInt8(MAGIC.length);
  if (framing > FRAMING) throw newer(path, `framing ${framing}`, FRAMING);
  const end = ID_AT + ID_LENGTH;
  const isWhole = tagOf('header', bytes.subarray(0, end)).equals(
    bytes.subarray(end, HEADER_LENGTH),
  );
  if (!isWhole) throw tampered(path, 0, 'is damaged');
  const name = bytes.toString('latin1', NAME_AT, ID_AT).replace(/\0+$/, '');
  if (name !== owner.name) throw tampered(path, 0, `is of ${name}, not of ${owner.name}`);
  const version = bytes.readUInt16BE(VERSION_AT);
  if (version > owner.version) throw newer(path, `version ${version}`, owner.version);
  return Buffer.from(bytes.subarray(ID_AT, end));
}

/** Joins the entries of one append, each after its length. */
export function joinEntries(entries: readonly Uint8Array[]): Buffer {
  return Buffer.concat(entries.flatMap((entry) => [u32(entry.length), entry]));
}

/** Makes the frame of a payload at its place in the file. */
export function encodeFrame(id: Uint8Array, offset: number, parts: readonly Uint8Array[]): Buffer {
  const payload = Buffer.concat(parts);
  const length = u32(payload.length);
  const head = tagOf('head', id, u64(offset), length).subarray(0, HEAD_TAG_LENGTH);
  const tag = tagOf('frame', id, u64(offset), payload);
  return Buffer.concat([FRAME_MAGIC, length, head, payload, tag]);
}

/** A whole frame. */
interface Frame {
  readonly offset: number;
  /** Of the frame with its head and check. */
  readonly length: number;
  readonly entries: readonly Buffer[];
}

/** The frames of a file, and the end of the last whole one. */
export interface Frames {
  readonly frames: readonly Frame[];
  /** Behind it there is nothing, or what a crash left of one frame. */
  readonly end: number;
}

/** Reads all frames. @throws HolderError `store/tampered` for one that is not whole and not the last */
export function decodeFrames(path: string, bytes: Buffer, id: Uint8Array): Frames {
  const frames: Frame[] = [];
  let offset = HEADER_LENGTH;
  while (offset < bytes.length) {
    const length = headAt(bytes, offset, id);
    const payload = length === undefined ? undefined : payloadAt(bytes, offset, length, id);
    if (length === undefined || payload === undefined) {
      if (followsMore(bytes, offset, id)) throw tampered(path, offset, 'is damaged');
      break;
    }
    const entries = splitEntries(payload);
    if (entries === undefined) throw tampered(path, offset, 'has no entries');
    const whole = HEAD_LENGTH + length + TAG_LENGTH;
    frames.push({ offset, length: whole, entries });
    offset += whole;
  }
  return { frames, end: offset };
}

/** Reports a place in a journal that is not what its owner wrote. */
export function tampered(path: string, offset: number, what: string, cause?: unknown): HolderError {
  return new HolderError('store/tampered', `${path}: offset ${offset} ${what}`, cause);
}

/** The length of the payload, if a head stands here that was made for this place. */
function headAt(bytes: Buffer, offset: number, id: Uint8Array): number | undefined {
  const head = bytes.subarray(offset, offset + HEAD_LENGTH);
  if (head.length < HEAD_LENGTH || head.indexOf(FRAME_MAGIC) !== 0) return undefined;
  const length = head.subarray(FRAME_MAGIC.length, FRAME_MAGIC.length + 4);
  const tag = tagOf('head', id, u64(offset), length).subarray(0, HEAD_TAG_LENGTH);
  return tag.equals(head.subarray(-HEAD_TAG_LENGTH)) ? length.readUInt32BE() : undefined;
}

function payloadAt(
  bytes: Buffer,
  offset: number,
  length: number,
  id: Uint8Array,
): Buffer | undefined {
  const start = offset + HEAD_LENGTH;
  const tag = bytes.subarray(start + length, start + length + TAG_LENGTH);
  const payload = bytes.subarray(start, start + length);
  return tagOf('frame', id, u64(offset), payload).equals(tag) ? payload : undefined;
}

/** Whether behind a bad frame stands more than a crash can leave: one frame is written at a time. */
function followsMore(bytes: Buffer, bad: number, id: Uint8Array): boolean {
  if (bytes.length - bad > HEAD_LENGTH + MAX_PAYLOAD + TAG_LENGTH) return true;
  for (let at = bytes.indexOf(FRAME_MAGIC, bad + 1); at >= 0; ) {
    if (headAt(bytes, at, id) !== undefined) return true;
    at = bytes.indexOf(FRAME_MAGIC, at + 1);
  }
  return false;
}

function splitEntries(payload: Buffer): readonly Buffer[] | undefined {
  const entries: Buffer[] = [];
  for (let at = 0; at < payload.length; ) {
    if (payload.length - at < 4) return undefined;
    const end = at + 4 + payload.readUInt32BE(at);
    if (end > payload.length) return undefined;
    entries.push(payload.subarray(at + 4, end));
    at = end;
  }
  return entries;
}

function tagOf(use: 'header' | 'head' | 'frame', ...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256').update(`${LABEL}/${use}`);
  for (const part of parts) hash.update(part);
  return hash.digest().subarray(0, TAG_LENGTH);
}

function newer(path: string, found: string, known: number): HolderError {
  const message = `${path} has ${found}; this program knows up to ${known}: use the newer program`;
  return new HolderError('store/newer-version', message);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}
