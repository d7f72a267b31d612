/**
 * A participant's new chip: request, approval, the move of each shard, the switch, and the deletion of the old
 * chip's records (docs/spec/replace.md).
 */
import { RequestError } from '../requestError.ts';
import type { Identity } from '../auth/index.ts';
import { spendChallenge } from '../chips/registry.ts';
import {
  type Act,
  acting,
  detailsOf,
  type ReplacementOptions,
  type ReplacementView,
  unknown,
  viewing,
  viewOf,
} from './acts.ts';
import { approve, cancel, completeIfDone } from './decisions.ts';
import { enterRequest, type ReplacementOrder } from './request.ts';
import {
  authoriseStep,
  keepReceipt,
  keepSeal,
  type ReceiptOrder,
  type SealOrder,
  type StepGrant,
  type StepOrder,
} from './steps.ts';
import { findReplacement, listReplacements } from './store.ts';
import { switchChips } from './switch.ts';

export type { ReplacementView } from './acts.ts';

/** Replacements of chips. Every method throws a RequestError to refuse, and audits the refusal. */
export interface Replacements {
  list(page: {
    readonly after: string;
    readonly limit: number;
    readonly onlyOf: string | undefined;
  }): Promise<ReplacementView[]>;
  /** `onlyOf`: replacements of other users count as unknown. */
  find(id: string, onlyOf: string | undefined): Promise<ReplacementView>;
  request(order: ReplacementOrder): Promise<ReplacementView>;
  approve(id: string, newFingerprint: string, actor: string): Promise<ReplacementView>;
  cancel(id: string, identity: Identity): Promise<ReplacementView>;
  authorise(id: string, order: StepOrder, caller: string): Promise<StepGrant>;
  seal(id: string, order: SealOrder, caller: string): Promise<ReplacementView>;
  switch(id: string, caller: string): Promise<ReplacementView>;
  receipt(id: string, order: ReceiptOrder, caller: string): Promise<ReplacementView>;
}

/** Opens the replacements over the server's database. */
export function createReplacements(options: ReplacementOptions): Replacements {
  const { database, chips } = options;
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
        { action: 'replacement.approve', actor, id, onlyOf: undefined, deletesCiphertexts: false },
        (tx, one, at) => approve(tx, one, { newFingerprint, actor, at }),
      ),
    cancel: (id, { username, roles }) => {
      const onlyOf = roles.includes('admin') ? undefined : username;
      return viewing(
        options,
        { action: 'replacement.cancel', actor: username, id, onlyOf, deletesCiphertexts: true },
        cancel,
      );
    },
    authorise: (id, order, caller) =>
      acting(options, holder(order.step, id, caller, order.key), (tx, one, at) =>
        authoriseStep(tx, chips, one, { order, at }),
      ),
    seal: (id, order, caller) =>
      viewing(options, holder('seal', id, caller, order.key), (tx, one, at) =>
        keepSeal(tx, one, order, at),
      ),
    switch: (id, caller) =>
      viewing(options, holder('switch', id, caller), async (tx, one, at) => {
        const refused = await switchChips(tx, one, at);
        if (refused !== undefined) return refused;
        return completeIfDone(options, tx, id, at);
      }),
    receipt: (id, order, caller) =>
      viewing(options, holder('deleted', id, caller, order.key), async (tx, one, at) => {
        const kept = await keepReceipt(tx, one, order, at);
        return kept instanceof RequestError ? kept : completeIfDone(options, tx, id, at);
      }),
  };
}

/** An act of the holder. */
function holder(
  name: StepOrder['step'] | 'seal' | 'switch' | 'deleted',
  id: string,
  caller: string,
  key?: string,
): Act {
  return {
    action: `replacement.${name}`,
    actor: caller,
    id,
    onlyOf: caller,
    deletesCiphertexts: name === 'seal' || name === 'discard' || name === 'switch',
    ...(key === undefined ? {} : { key }),
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
      : new RequestError('invalid_challenge', 'the challenge is unknown, spent or too old');
    const refused = made instanceof RequestError;
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
  if (result instanceof RequestError) throw result;
  return result;
}
