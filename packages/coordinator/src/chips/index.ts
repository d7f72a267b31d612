import type { AuditLog, Tally } from '../audit/index.ts';
import type { KeyObject } from 'node:crypto';
import { RequestError } from '../requestError.ts';
import type { Users } from '../auth/index.ts';
import type { Clock } from '../clock.ts';
import type { Chip, Chips } from './chip.ts';
import type { Database, Tx } from '../store/database.ts';
import { type Authoriser, createAuthoriser } from './authoriser.ts';
import { authoriseUnblock, type UnblockOrder } from './unblocking.ts';
import {
  type ChipRecord,
  changeChip,
  findActiveChip,
  findChip,
  findLatestChip,
  giveChallenge,
  insertChip,
  listChips,
  provesPossession,
  type Registration,
  spendChallenge,
} from './registry.ts';

export type { Chip, Chips } from './chip.ts';
export type { ChipRecord } from './registry.ts';

/** The chips with their holders, and the authorisation of releases. */
export interface ChipRegistry extends Chips, Authoriser {
  find(tx: Tx, seId: string): Promise<ChipRecord | undefined>;
  activeChipOf(tx: Tx, username: string): Promise<ChipRecord | undefined>;
  /** Lists chips by identifier, from after one on. */
  list(
    tx: Tx,
    page: { after: string; limit: number; onlyOf: string | undefined },
  ): Promise<ChipRecord[]>;
  challenge(caller: string): Promise<{ nonce: string; expiresAt: number }>;
  register(registration: Registration, caller: string): Promise<ChipRecord>;
  change(
    seId: string,
    change: { state?: Chip['state'] | undefined; label?: string | undefined },
    actor: string,
  ): Promise<ChipRecord>;
  /** Authorises one try of a chip's PUK. */
  unblock(
    order: UnblockOrder,
    actor: string,
  ): Promise<{ readonly chip: ChipRecord; readonly authorisation: string }>;
}

/** Options of {@link createChips}. */
export interface ChipOptions {
  readonly database: Database;
  readonly audit: AuditLog;
  readonly tally: Pick<Tally, 'append'>;
  readonly clock: Clock;
  readonly users: Users;
  /** P-256: the key that chips are personalised with. */
  readonly key: KeyObject;
  /** Told in the same transaction that a chip is no longer active. */
  readonly onInactive?: (tx: Tx, chip: Chip, at: number) => Promise<void>;
}

/** Opens the chip registry over the server's database. */
export function createChips(options: ChipOptions): ChipRegistry {
  const { database, audit, clock } = options;
  const authoriser = createAuthoriser(options.key);
  return {
    ...authoriser,
    unblock: (order, actor) =>
      authoriseUnblock({ database, audit, clock, authoriser }, order, actor),
    find: findChip,
    activeChipOf: findActiveChip,
    latestChipOf: findLatestChip,
    list: listChips,
    challenge: (caller) => database.transaction((tx) => giveChallenge(tx, caller, clock.now())),
    register: (registration, caller) => register(options, registration, caller),
    change: (seId, change, actor) =>
      database.transaction(async (tx) => {
        const at = clock.now();
        const chip = await changeChip(tx, seId, change, at);
        await options.audit.append(tx, {
          at,
          actor,
          action: 'chip.change',
          subject: seId,
          outcome: 'ok',
          details: { username: chip.username, state: chip.state, label: chip.label },
        });
        if (chip.state !== 'active') await options.onInactive?.(tx, chip, at);
        return chip;
      }),
  };
}

/**
 * Registers a chip for a participant after it proved its presence.
 *
 * @throws RequestError `invalid_challenge`, `invalid_proof`, `unknown_user`, `forbidden_role`, `chip_conflict`
 */
async function register(
  { database, tally, clock, users }: ChipOptions,
  registration: Registration,
  caller: string,
): Promise<ChipRecord> {
  const result = await database.transaction(async (tx) => {
    const at = clock.now();
    const { username, seId } = registration;
    // Every attempt spends its challenge, so that nobody can try many proofs with one.
    const fresh = await spendChallenge(tx, caller, registration.nonce, at);
    const problem = fresh ? await problemOf(tx, users, registration) : staleChallenge();
    const chip = problem ?? (await insertOrRefuse(tx, registration, at));
    const code = chip instanceof RequestError ? chip.code : undefined;
    const entry = {
      at,
      actor: caller,
      action: 'chip.register',
      subject: seId,
      outcome: code === undefined ? 'ok' : 'refused',
      details: { username, cpic: registration.cpic, ...(code === undefined ? {} : { code }) },
    } as const;
    await tally.append(tx, entry, code);
    return chip;
  });
  if (result instanceof RequestError) throw result;
  return result;
}

async function problemOf(
  tx: Tx,
  users: Users,
  registration: Registration,
): Promise<RequestError | undefined> {
  const user = await users.find(tx, registration.username);
  if (user?.state !== 'active')
    return new RequestError('unknown_user', 'no active user with this name');
  if (!user.roles.includes('participant')) {
    return new RequestError('forbidden_role', 'only a participant can hold a chip');
  }
  return provesPossession(registration)
    ? undefined
    : new RequestError('invalid_proof', 'the chip did not sign this challenge');
}

async function insertOrRefuse(
  tx: Tx,
  registration: Registration,
  at: number,
): Promise<ChipRecord | RequestError> {
  try {
    return await insertChip(tx, registration, at);
  } catch (error) {
    if (error instanceof RequestError) return error;
    throw error;
  }
}

function staleChallenge(): RequestError {
  return new RequestError('invalid_challenge', 'the challenge is unknown, spent or too old');
}
