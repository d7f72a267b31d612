/**
 * Part of the eleventh version: events of key generations keep hashes, and ciphertexts of open ones are
 * staged.
 */
import { deriveSessionId, toHex } from '@quorate/intent';
import type { Tx } from '../store/database.ts';
import { ciphertextHash } from './ciphertexts.ts';

/** The parts of an event, as stored before this version, that the conversion reads. */
type OldEvent =
  | {
      readonly type: 'requested';
      readonly parties: readonly {
        readonly index: number;
        readonly username: string;
        readonly seId: string;
        readonly cpic: string;
        readonly chipPublicKey: string;
      }[];
    }
  | { readonly type: 'accepted'; readonly from: number; readonly certificate: string }
  | { readonly type: 'finished'; readonly from: number; readonly result: OldResult }
  | { readonly type: 'other' };

type OldResult =
  | { readonly success: false }
  | {
      readonly success: true;
      readonly kind: 'keygen';
      readonly recordId: string;
      /** Base64; empty once the key's destruction has begun. */
      readonly shard: string;
    };

/** Rewrites the events of every key generation. */
export async function convertEvents(tx: Tx): Promise<void> {
  const sessions = await tx.all<{ session_key: string; ended: number }>(
    "SELECT session_key, ended FROM sessions WHERE kind = 'keygen' ORDER BY session_key",
  );
  for (const { session_key, ended } of sessions) await convert(tx, session_key, ended === 0);
}

async function convert(tx: Tx, sessionKey: string, open: boolean): Promise<void> {
  const rows = await tx.all<{ number: number; event: string }>(
    'SELECT number, event FROM session_events WHERE session_key = ? ORDER BY number',
    [sessionKey],
  );
  // Only the program has written events, so their form is trusted.
  const events = rows.map(({ event }) => JSON.parse(event) as OldEvent);
  for (const [at, { number }] of rows.entries()) {
    const event = events[at];
    if (event?.type !== 'finished' || !event.result.success) continue;
    const { shard, ...result } = event.result;
    if (open) await stage(tx, sessionKey, events, event.from);
    const shardHash = shard === '' ? '' : ciphertextHash(shard);
    await tx.run('UPDATE session_events SET event = ? WHERE session_key = ? AND number = ?', [
      JSON.stringify({ ...event, result: { ...result, shardHash } }),
      sessionKey,
      number,
    ]);
  }
}

async function stage(
  tx: Tx,
  sessionKey: string,
  events: readonly OldEvent[],
  from: number,
): Promise<void> {
  const party = partiesOf(events).find(({ index }) => index === from);
  const result = events.flatMap((event) =>
    event.type === 'finished' && event.from === from && event.result.success ? [event.result] : [],
  )[0];
  if (party === undefined || result === undefined) throw new Error('a result of no party');
  const keyId = keyIdOf(events);
  const { username, seId, cpic, chipPublicKey } = party;
  await tx.run(
    `INSERT INTO shards (key_id, epoch, part_index, username, se_id, cpic, chip_public_key, record_id,
       state, absent, staged_by) VALUES (?, 0, ?, ?, ?, ?, ?, ?, 'staged', 0, ?)`,
    [keyId, from, username, seId, cpic, chipPublicKey, result.recordId, `session:${sessionKey}`],
  );
  await tx.run('INSERT INTO ciphertexts (key_id, epoch, se_id, ciphertext) VALUES (?, 0, ?, ?)', [
    keyId,
    seId,
    result.shard,
  ]);
}

function partiesOf(
  events: readonly OldEvent[],
): Extract<OldEvent, { type: 'requested' }>['parties'] {
  return events.flatMap((event) => (event.type === 'requested' ? event.parties : []));
}

/** The session id that all certificates of the key generation yield. */
function keyIdOf(events: readonly OldEvent[]): string {
  const accepted = events.flatMap((event) => (event.type === 'accepted' ? [event] : []));
  const certificates = accepted
    .toSorted((a, b) => a.from - b.from)
    .map(({ certificate }) => certificate);
  return toHex(deriveSessionId(null, certificates));
}
