/**
 * Orders to unblock the PIN of a chip (docs/spec/chip.md §3.9): an administrator gives them, each authorises
 * one try of the chip's PUK, and the audit log records it.
 */
import { chipFingerprint, fromHex, toHex } from '@quorate/intent';
import { RequestError } from '../requestError.ts';
import type { AuditLog } from '../audit/index.ts';
import type { Clock } from '../clock.ts';
import type { Database, Tx } from '../store/database.ts';
import type { Authoriser } from './authoriser.ts';
import { type ChipRecord, findChip } from './registry.ts';

/** The order of an administrator. */
export interface UnblockOrder {
  readonly seId: string;
  /** 16 bytes in hex: from the chip's GET CHALLENGE. */
  readonly challenge: string;
  /** The first 16 bytes, in hex, of SHA-256 of the authorisation key that the chip reports. */
  readonly authority?: string | undefined;
}

/** Parts of the server that {@link authoriseUnblock} uses. */
export interface UnblockDeps {
  readonly database: Database;
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly authoriser: Authoriser;
}

/** Per chip and {@link WINDOW}: enough for a person who mistypes a PUK, too few to guess one. */
const ORDERS = 5;
const WINDOW = 60 * 60_000;

/**
 * Signs one try of a chip's PUK; returns base64 DER.
 *
 * @throws RequestError `unknown_chip`, `chip_state`, `authority_mismatch`, `invalid_challenge`, `rate_limited`
 */
export async function authoriseUnblock(
  { database, audit, clock, authoriser }: UnblockDeps,
  order: UnblockOrder,
  actor: string,
): Promise<{ readonly chip: ChipRecord; readonly authorisation: string }> {
  const challenge = fromHex(order.challenge, 16);
  const result = await database.transaction(async (tx) => {
    const at = clock.now();
    const chip = await findChip(tx, order.seId);
    const problem = await problemOf(tx, { order, chip, challenge, at, authoriser });
    if (chip !== undefined && problem === undefined) await note(tx, chip.seId, challenge, at);
    await audit.append(tx, {
      at,
      actor,
      action: 'chip.unblock',
      subject: order.seId,
      outcome: problem === undefined ? 'ok' : 'refused',
      details: {
        ...(chip === undefined ? {} : { username: chip.username }),
        ...(problem === undefined ? {} : { code: problem.code }),
      },
    });
    return problem ?? chip;
  });
  if (result instanceof RequestError) throw result;
  if (result === undefined) throw new TypeError('unreachable: an unknown chip is refused');
  const authorisation = authoriser.authoriseUnblock({ chipPublicKey: result.publicKey, challenge });
  return { chip: result, authorisation };
}

interface Judged {
  readonly order: UnblockOrder;
  readonly chip: ChipRecord | undefined;
  readonly challenge: Uint8Array;
  readonly at: number;
  readonly authoriser: Authoriser;
}

async function problemOf(
  tx: Tx,
  { order, chip, challenge, at, authoriser }: Judged,
): Promise<RequestError | undefined> {
  if (chip === undefined) return new RequestError('unknown_chip', 'no chip with this identifier');
  if (chip.state !== 'active') {
    return new RequestError(
      'chip_state',
      `the chip is ${chip.state}; only an active one can be unblocked`,
    );
  }
  const own = toHex(chipFingerprint(authoriser.publicKey)).slice(0, 32);
  const obeyed = order.authority?.toLowerCase();
  if (obeyed !== undefined && obeyed !== own) {
    return new RequestError('authority_mismatch', `this coordinator’s authority is ${own}`);
  }
  const before = await tx.get('SELECT se_id FROM chip_unblocks WHERE challenge = ?', [
    toHex(challenge),
  ]);
  if (before !== undefined) {
    return new RequestError('invalid_challenge', 'this challenge was authorised before');
  }
  const recent = await tx.all(
    'SELECT ordered_at FROM chip_unblocks WHERE se_id = ? AND ordered_at > ?',
    [chip.seId, at - WINDOW],
  );
  if (recent.length < ORDERS) return undefined;
  return new RequestError('rate_limited', `${ORDERS} orders for this chip in the last hour`);
}

async function note(tx: Tx, seId: string, challenge: Uint8Array, at: number): Promise<void> {
  await tx.run('INSERT INTO chip_unblocks (challenge, se_id, ordered_at) VALUES (?, ?, ?)', [
    toHex(challenge),
    seId,
    at,
  ]);
}
