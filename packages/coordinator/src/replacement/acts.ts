/** Acts on a replacement: one transaction each, audited whether granted or refused. */
import { chipFingerprint, shortFingerprint } from '@quorate/intent';
import type { AuditLog, Tally } from '../audit/index.ts';
import { RequestError } from '../requestError.ts';
import type { Authoriser } from '../chips/authoriser.ts';
import type { Clock } from '../clock.ts';
import type { Database, Tx } from '../store/database.ts';
import {
  findReplacement,
  findShard,
  type MovingShard,
  type Replacement,
  shardsIn,
} from './store.ts';

/** A replacement with its shards, as REST shows it. */
export interface ReplacementView extends Replacement {
  readonly shards: readonly MovingShard[];
}

/** The parts of the server that replacements use. */
export interface ReplacementOptions {
  readonly database: Database;
  readonly audit: AuditLog;
  readonly tally: Pick<Tally, 'append'>;
  readonly clock: Clock;
  readonly chips: Authoriser;
  /** Told when the store's log could not be emptied after ciphertexts were deleted. */
  readonly onError?: (error: unknown) => void;
}

/** An act: who does it, and on which replacement. */
export interface Act {
  readonly action: string;
  readonly actor: string;
  readonly id: string;
  /** The key whose shard is concerned, by `key_id` or address. */
  readonly key?: string;
  /** Only this person's; undefined for an administrator. */
  readonly onlyOf: string | undefined;
  /** Whether it deletes ciphertexts: the store's log is then emptied as well. */
  readonly deletesCiphertexts: boolean;
}

/** Carries out an act on a replacement; a refused act is audited and changes nothing else. */
export async function acting<T>(
  options: ReplacementOptions,
  act: Act,
  work: (tx: Tx, replacement: Replacement, at: number) => Promise<T | RequestError>,
): Promise<T> {
  const { database, clock, tally, onError } = options;
  const result = await database.transaction(async (tx) => {
    const at = clock.now();
    const found = await findReplacement(tx, act.id);
    const mine = found !== undefined && (act.onlyOf === undefined || found.username === act.onlyOf);
    const done = mine ? await work(tx, found, at) : unknown();
    const refused = done instanceof RequestError;
    const address = mine && act.key !== undefined ? await addressOf(tx, found, act.key) : act.key;
    const entry = {
      at,
      actor: act.actor,
      action: act.action,
      subject: act.id,
      outcome: refused ? 'refused' : 'ok',
      details: {
        ...(mine ? detailsOf(found) : {}),
        ...(address === undefined ? {} : { address }),
        ...(refused ? { code: done.code } : {}),
      },
    } as const;
    await tally.append(tx, entry, refused ? done.code : undefined);
    if (act.deletesCiphertexts && !refused) {
      tx.onCommit(() => void database.scrub().catch((error: unknown) => onError?.(error)));
    }
    return done;
  });
  if (result instanceof RequestError) throw result;
  return result;
}

/** Carries out an act on a replacement, and shows the replacement after it. */
export async function viewing(
  options: ReplacementOptions,
  act: Act,
  work: (tx: Tx, replacement: Replacement, at: number) => Promise<unknown>,
): Promise<ReplacementView> {
  return acting(options, act, async (tx, replacement, at) => {
    const done = await work(tx, replacement, at);
    if (done instanceof RequestError) return done;
    const after = await findReplacement(tx, replacement.id);
    if (after === undefined) throw new Error('a replacement that is gone');
    return viewOf(tx, after);
  });
}

/** The address by which the log names the key of a shard; the given name if there is no such shard. */
async function addressOf(tx: Tx, replacement: Replacement, key: string): Promise<string> {
  if (key.startsWith('0x')) return key;
  return (await findShard(tx, replacement, key))?.address ?? key;
}

/** A replacement with its shards. */
export async function viewOf(tx: Tx, replacement: Replacement): Promise<ReplacementView> {
  return { ...replacement, shards: await shardsIn(tx, replacement) };
}

/** The details of a replacement for the log. */
export function detailsOf({ username, oldChip, newChip }: Replacement): Record<string, string> {
  return {
    username,
    old_chip: oldChip.seId,
    new_chip: newChip.seId,
    old_fingerprint: shortFingerprint(chipFingerprint(oldChip.publicKey)),
    new_fingerprint: shortFingerprint(chipFingerprint(newChip.publicKey)),
  };
}

/** Refuses an id of which the caller has no replacement. */
export function unknown(): RequestError {
  return new RequestError('unknown_replacement', 'no replacement with this id');
}
