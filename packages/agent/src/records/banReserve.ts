/**
 * Room for bans, taken in time: a full disk must not be able to undo one. The agent writes the file once when it
 * makes it, and then only overwrites it in place, which needs no new block.
 */
import { createFile, HolderError, readIfPresent, storing } from '@quorate/holder';
import { closeSync, existsSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { z } from 'zod';
import { type Ban, banSchema, keyIdSchema } from './keyRecord.ts';

/** One sector: written whole or not at all. */
const SLOT_BYTES = 512;
const SLOTS = 64;
const BLANK = Buffer.alloc(SLOT_BYTES, ' ');
const MAX_REASON = 32;

/** A ban and the key that it is of; former versions named the key by its address. */
export type ReservedBan =
  | { readonly key_id: string; readonly ban: Ban }
  | { readonly address: string; readonly ban: Ban };

/** The bans that their keys' records did not take. */
export interface BanReserve {
  list(): readonly ReservedBan[];
  /** Writes bans durably. @throws HolderError `store/failed` when it is full, or the disk fails altogether */
  keep(keyId: string, bans: readonly Ban[]): void;
  /** Empties the reserve, once the records hold everything. */
  empty(): void;
  close(): void;
}

const slotSchema: z.ZodType<ReservedBan> = z.union([
  z.strictObject({ key_id: keyIdSchema, ban: banSchema }),
  z.strictObject({ address: z.string(), ban: banSchema }),
]);

/** Opens the reserve, and makes it where there is none. @throws AgentError `store/failed` */
export function openBanReserve(path: string): BanReserve {
  if (!existsSync(path))
    storing(path, () => createFile(path, Buffer.alloc(SLOT_BYTES * SLOTS, ' ')));
  const kept = [...readReservedBans(path)];
  const descriptor = storing(path, () => openSync(path, 'r+'));
  const put = (slot: number, content: Uint8Array): void => {
    if (slot >= SLOTS)
      throw new HolderError('store/failed', `${path} holds ${SLOTS} bans, no more`);
    storing(path, () => writeSync(descriptor, content, 0, SLOT_BYTES, slot * SLOT_BYTES));
  };
  return {
    list: () => kept,
    keep: (key_id, bans) => {
      for (const ban of bans) {
        put(kept.length, encode(key_id, ban));
        kept.push({ key_id, ban });
      }
      storing(path, () => fsyncSync(descriptor));
    },
    empty: () => {
      if (kept.length === 0) return;
      for (let slot = 0; slot < SLOTS; slot += 1) put(slot, BLANK);
      storing(path, () => fsyncSync(descriptor));
      kept.length = 0;
    },
    close: () => closeSync(descriptor),
  };
}

/** Reads a reserve without opening it. A slot that a crash tore was never relied upon. */
export function readReservedBans(path: string): readonly ReservedBan[] {
  const content = readIfPresent(path);
  if (content === undefined) return [];
  const kept: ReservedBan[] = [];
  const end = Math.min(content.length, SLOTS * SLOT_BYTES);
  for (let at = 0; at < end; at += SLOT_BYTES) {
    const parsed = slotSchema.safeParse(decode(content.subarray(at, at + SLOT_BYTES)));
    if (parsed.success) kept.push(parsed.data);
  }
  return kept;
}

function encode(key_id: string, ban: Ban): Uint8Array {
  const reason = ban.reason.slice(0, MAX_REASON);
  const slot = Buffer.from(BLANK);
  const text = `${JSON.stringify({ key_id, ban: { ...ban, reason } })}\n`;
  if (Buffer.byteLength(text) > SLOT_BYTES) {
    throw new HolderError(
      'store/failed',
      `a ban of session ${ban.session_key} is larger than its slot`,
    );
  }
  slot.write(text);
  return slot;
}

function decode(slot: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(slot).toString('utf8'));
  } catch {
    return undefined;
  }
}
