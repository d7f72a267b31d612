/**
 * A participant's new chip: request, approval, the move of each shard, the switch, the deletion of what the
 * old chip holds (docs/spec/replace.md).
 */
import { chipFingerprint, shortFingerprint } from '@quorate/intent';
import { Refusal } from '../auth/refusal.ts';
import { hasOtherAdmin } from '../auth/users.ts';
import type { AuditLog, Tally } from '../audit/index.ts';
import type { Identity } from '../auth/index.ts';
import type { Clock } from '../clock.ts';
import type { Database, Tx } from '../store/database.ts';
import type { Authoriser } from '../chips/authoriser.ts';
import { enterRequest, type ReplacementOrder } from './request.ts';
import { authoriseStep, keepReceipt, keepSeal, type StepGrant, type StepOrder } from './steps.ts';
import {
  findReplacement,
  listReplacements,
  type MovingShard,
  type Replacement,
  setStage,
  shardsIn,
  stageProblem,
} from './store.ts';
import { switchChips } from './switch.ts';
import { spendChallenge } from '../chips/registry.ts';

/** A replacement with its shards: what REST shows. */
export interface ReplacementView extends Replacement {
  readonly shards: readonly MovingShard[];
}

/** Replacements of chips. Every method throws a Refusal for what is not granted, and audits it. */
export interface Replacements {
  list(page: {
    readonly after: string;
    readonly limit: number;
    readonly onlyOf: string | undefined;
  }): Promise<ReplacementView[]>;
  /** `onlyOf`: somebody else's is unknown. */
  find(id: string, onlyOf: string | undefined): Promise<ReplacementView>;
  request(order: ReplacementOrder): Promise<ReplacementView>;
  approve(id: string, newFingerprint: string, actor: string): Promise<ReplacementView>;
  cancel(id: string, identity: Identity): Promise<ReplacementView>;
  authorise(id: string, order: StepOrder, caller: string): Promise<StepGrant>;
  seal(
    id: string,
    order: {
      readonly address: string;
      readonly encryptedShard: string;
      readonly certificate: string;
    },
    caller: string,
  ): Promise<ReplacementView>;
  switch(id: string, caller: string): Promise<ReplacementView>;
  receipt(
    id: string,
    order: { readonly address: string; readonly certificate: string },
    caller: string,
  ): Promise<ReplacementView>;
}

/** What {@link createReplacements} needs. */
export interface ReplacementOptions {
  readonly database: Database;
  readonly audit: AuditLog;
  readonly tally: Pick<Tally, 'append'>;
  readonly clock: Clock;
  readonly chips: Authoriser;
  /** Told about a log of the store that could not be emptied after a switch. */
  readonly onError?: (error: unknown) => void;
}

interface Act {
  readonly action: string;
  readonly actor: string;
  readonly id: string;
  readonly address?: string;
  /** Only this person's; undefined for an administrator. */
  readonly onlyOf: string | undefined;
}

/** Opens the replacements over the server's database. */
export function createReplacements(options: ReplacementOptions): Replacements {
  const { database, chips } = options;
  const holder = (name: string, id: string, caller: string, address?: string): Act => ({
    action: `replacement.${name}`,
    actor: caller,
    id,
    onlyOf: caller,
    ...(address === undefined ? {} : { address }),
  });
  return {
    list: (page) =>
      database.read(async (tx) => {
        const views: ReplacementView[] = [];
        for (const each of await listReplacements(tx, page)) views.push(await viewOf(tx, each));
        return views;
      }),
    find: (id, onlyOf) =>
      database.read(async (tx) => {
        const found = await findReplacement(tx, id);
        if (found === undefined || (onlyOf !== undefined && found.username !== onlyOf)) {
          throw unknown();
        }
        return viewOf(tx, found);
      }),
    request: (order) => request(options, order),
    approve: (id, newFingerprint, actor) =>
      viewing(
        options,
        { action: 'replacement.approve', actor, id, onlyOf: undefined },
        (tx, one, at) => approve(tx, one, { newFingerprint, actor, at }),
      ),
    cancel: (id, { username, roles }) => {
      const onlyOf = roles.includes('admin') ? undefined : username;
      return viewing(
        options,
        { action: 'replacement.cancel', actor: username, id, onlyOf },
        cancel,
      );
    },
    authorise: (id, order, caller) =>
      acting(options, holder(order.step, id, caller, order.address), (tx, one, at) =>
        authoriseStep(tx, chips, one, order, at),
      ),
    seal: (id, order, caller) =>
      viewing(options, holder('seal', id, caller, order.address), (tx, one, at) =>
        keepSeal(tx, one, order, at),
      ),
    switch: (id, caller) =>
      viewing(options, holder('switch', id, caller), async (tx, one, at) => {
        const refused = await switchChips(tx, one, at);
        if (refused !== undefined) return refused;
        scrubAfter(options, tx);
        return completeIfDone(options, tx, id, at);
      }),
    receipt: (id, order, caller) =>
      viewing(options, holder('deleted', id, caller, order.address), async (tx, one, at) => {
        const kept = await keepReceipt(tx, one, order, at);
        return kept instanceof Refusal ? kept : completeIfDone(options, tx, id, at);
      }),
  };
}

async function request(
  options: ReplacementOptions,
  order: ReplacementOrder,
): Promise<ReplacementView> {
  const { database, clock, tally } = options;
  const result = await database.transaction(async (tx) => {
    const at = clock.now();
    const { username, nonce, seId } = order;
    const made = (await spendChallenge(tx, username, nonce, at))
      ? await enterRequest(tx, order, at)
      : new Refusal('invalid_challenge', 'the challenge is unknown, spent or too old');
    const refused = made instanceof Refusal;
    const entry = {
      at,
      actor: username,
      action: 'replacement.request',
      subject: refused ? seId : made.id,
      outcome: refused ? 'refused' : 'ok',
      details: refused ? { se_id: seId, code: made.code } : detailsOf(made),
    } as const;
    await tally.append(tx, entry, refused ? made.code : undefined);
    return refused ? made : viewOf(tx, made);
  });
  if (result instanceof Refusal) throw result;
  return result;
}

/** Does something with a replacement; what is refused is audited, and nothing of it is kept. */
async function acting<T>(
  { database, clock, tally }: ReplacementOptions,
  act: Act,
  work: (tx: Tx, replacement: Replacement, at: number) => Promise<T | Refusal>,
): Promise<T> {
  const result = await database.transaction(async (tx) => {
    const at = clock.now();
    const found = await findReplacement(tx, act.id);
    const mine = found !== undefined && (act.onlyOf === undefined || found.username === act.onlyOf);
    const done = mine ? await work(tx, found, at) : unknown();
    const refused = done instanceof Refusal;
    const entry = {
      at,
      actor: act.actor,
      action: act.action,
      subject: act.id,
      outcome: refused ? 'refused' : 'ok',
      details: {
        ...(mine ? detailsOf(found) : {}),
        ...(act.address === undefined ? {} : { address: act.address }),
        ...(refused ? { code: done.code } : {}),
      },
    } as const;
    await tally.append(tx, entry, refused ? done.code : undefined);
    return done;
  });
  if (result instanceof Refusal) throw result;
  return result;
}

async function viewing(
  options: ReplacementOptions,
  act: Act,
  work: (tx: Tx, replacement: Replacement, at: number) => Promise<unknown>,
): Promise<ReplacementView> {
  return acting(options, act, async (tx, replacement, at) => {
    const done = await work(tx, replacement, at);
    if (done instanceof Refusal) return done;
    const after = await findReplacement(tx, replacement.id);
    if (after === undefined) throw new Error('a replacement that is gone');
    return viewOf(tx, after);
  });
}

async function approve(
  tx: Tx,
  replacement: Replacement,
  { newFingerprint, actor, at }: { newFingerprint: string; actor: string; at: number },
): Promise<Refusal | undefined> {
  // The same approval again is a safe retry.
  if (replacement.state === 'approved' && replacement.approvedBy === actor) return undefined;
  const problem = stageProblem(replacement, ['requested']);
  if (problem !== undefined) return problem;
  if (replacement.username === actor && (await hasOtherAdmin(tx, actor))) {
    return new Refusal(
      'forbidden',
      'another administrator has to approve the holder’s own request',
    );
  }
  if (shortFingerprint(chipFingerprint(replacement.newChip.publicKey)) !== newFingerprint) {
    return new Refusal('chip_mismatch', 'the new chip has another fingerprint');
  }
  await setStage(tx, replacement.id, { state: 'approved', approvedBy: actor }, at);
  return undefined;
}

/** Nothing has moved yet: what was sealed is erased, and the new chip stays disabled. */
async function cancel(tx: Tx, replacement: Replacement, at: number): Promise<Refusal | undefined> {
  const problem = stageProblem(replacement, ['requested', 'approved']);
  if (problem !== undefined) return problem;
  await tx.run('DELETE FROM replacement_shards WHERE replacement_id = ?', [replacement.id]);
  await setStage(tx, replacement.id, { state: 'cancelled' }, at);
  return undefined;
}

/** The overwritten ciphertexts leave the store's log, too. */
function scrubAfter({ database, onError }: ReplacementOptions, tx: Tx): void {
  tx.onCommit(() => void database.scrub().catch((error: unknown) => onError?.(error)));
}

/** After the last receipt the old chip becomes what its holder said. */
async function completeIfDone(
  { audit }: ReplacementOptions,
  tx: Tx,
  id: string,
  at: number,
): Promise<void> {
  const replacement = await findReplacement(tx, id);
  if (replacement?.state !== 'switched') return;
  const shards = await shardsIn(tx, replacement);
  if (shards.some(({ state }) => state !== 'deleted')) return;
  await setStage(tx, id, { state: 'completed' }, at);
  await tx.run('UPDATE chips SET state = ?, updated_at = ? WHERE se_id = ?', [
    replacement.retire,
    at,
    replacement.oldChip.seId,
  ]);
  await audit.append(tx, {
    at,
    actor: replacement.username,
    action: 'replacement.complete',
    subject: id,
    outcome: 'ok',
    details: { ...detailsOf(replacement), retired: replacement.retire, records: shards.length },
  });
}

async function viewOf(tx: Tx, replacement: Replacement): Promise<ReplacementView> {
  return { ...replacement, shards: await shardsIn(tx, replacement) };
}

function detailsOf({ username, oldChip, newChip }: Replacement): Record<string, string> {
  return {
    username,
    old_chip: oldChip.seId,
    new_chip: newChip.seId,
    old_fingerprint: shortFingerprint(chipFingerprint(oldChip.publicKey)),
    new_fingerprint: shortFingerprint(chipFingerprint(newChip.publicKey)),
  };
}

function unknown(): Refusal {
  return new Refusal('unknown_replacement', 'no replacement of that id');
}
