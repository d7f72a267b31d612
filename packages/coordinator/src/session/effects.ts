/** Carries out the effects of an event, in the transaction that stores it. */
import type { Language, ServerRound } from '@quorate/wire';
import type { Hub } from '../delivery/hub.ts';
import { followersOf } from '../delivery/followers.ts';
import type { Outbox } from '../delivery/outbox.ts';
import { coordinator, participant, type Recipient } from '../delivery/recipient.ts';
import type { Chips } from '../chips/index.ts';
import type { Tx } from '../store/database.ts';
import { type AuditEvent, type AuditLog, DESTROYED } from '../audit/index.ts';
import { beginDestruction, createKey, noteReceipt } from '../keys/index.ts';
import { completionOf, failureOf, inviteOf, keygenParamsOf, newsOf } from './messages.ts';
import { destroyKey } from './destruction.ts';
import { newKeyOf } from './newKey.ts';
import { noteOrphan } from './orphans.ts';
import { nameOf } from './parties.ts';
import { Releases } from './releases.ts';
import { accusationOf, blameOf } from './trail.ts';
import type { Effect, Party, SessionState, SignTarget } from './types.ts';

/** What effects act on. */
export interface EffectContext {
  readonly outbox: Outbox;
  readonly hub: Hub;
  readonly chips: Chips;
  readonly audit: AuditLog;
  readonly language: Language;
  /** Drops a session from memory: what is stored of it has changed. */
  readonly forget: (sessionKey: string) => void;
}

/** The event's surroundings: when it happened, and the message that it was made from, for relaying. */
export interface Cause {
  readonly at: number;
  readonly round?: ServerRound;
}

/** Carries out effects in order. */
export async function perform(
  tx: Tx,
  context: EffectContext,
  state: SessionState,
  effects: readonly Effect[],
  cause: Cause,
): Promise<void> {
  const run = new Performance(tx, context, state, cause);
  for (const effect of effects) await run.perform(effect);
}

class Performance {
  readonly #tx: Tx;
  readonly #context: EffectContext;
  readonly #state: SessionState;
  readonly #cause: Cause;
  readonly #releases: Releases;

  constructor(tx: Tx, context: EffectContext, state: SessionState, cause: Cause) {
    this.#tx = tx;
    this.#context = context;
    this.#state = state;
    this.#cause = cause;
    this.#releases = new Releases(tx, context, cause.at);
  }

  async perform(effect: Effect): Promise<void> {
    switch (effect.type) {
      case 'invite':
        return this.#invite();
      case 'begin':
        return this.#begin();
      case 'relay':
        return this.#relay(effect.to);
      case 'renew':
        return this.#renew(effect.to, effect.challenge);
      case 'create-key':
        return this.#createKey();
      case 'note-receipt':
        return this.#noteReceipt(effect.from, effect.receipt);
      case 'destroy-key':
        return this.#destroyKey();
      case 'orphan':
        return this.#orphan(effect);
      case 'note-result':
        return this.#audit('session.note', {
          participant: nameOf(this.#state, effect.from),
          note: effect.note,
        });
      case 'note-missing':
        return this.#audit('session.note', {
          participants: effect.missing.map((index) => nameOf(this.#state, index)),
          note: 'no-result',
        });
      case 'tell-outcome':
        return this.#tellOutcome();
      case 'tell-progress':
        return this.#tellProgress(effect.warning);
    }
  }

  async #invite(): Promise<void> {
    for (const party of this.#state.parties) {
      await this.#toParty(party.username, inviteOf(this.#state, party));
    }
    const invited = this.#state.parties.map(({ username }) => username);
    await this.#audit('session.invite', { participants: invited });
  }

  async #begin(): Promise<void> {
    const { target } = this.#state;
    if (target?.destruction !== undefined) await this.#beginDestruction(target);
    for (const party of this.#state.parties) {
      await this.#toParty(party.username, await this.#paramsOf(target, party));
    }
  }

  async #paramsOf(target: SignTarget | undefined, party: Party): Promise<object> {
    if (target === undefined) return keygenParamsOf(this.#state, party);
    if (target.destruction === undefined) return this.#releases.signParams(this.#state, party);
    return this.#releases.destroyParams(this.#state, party);
  }

  /** A key whose destruction everybody consented to is of no use from here on, whatever happens next. */
  async #beginDestruction(target: SignTarget): Promise<void> {
    const keygen = await beginDestruction(this.#tx, target.keyId);
    this.#tx.onCommit(() => this.#context.forget(keygen));
    const details = { address: target.address, reason: target.destruction?.reason ?? '' };
    await this.#audit('key.destroying', details);
  }

  async #relay(to: readonly number[]): Promise<void> {
    const { round } = this.#cause;
    if (round === undefined) return;
    for (const index of to) await this.#toParty(nameOf(this.#state, index), round);
  }

  async #renew(to: number, challenge: string): Promise<void> {
    const renewed = await this.#releases.renewed(this.#state, to, challenge);
    if (renewed !== undefined) await this.#toParty(nameOf(this.#state, to), renewed);
  }

  async #createKey(): Promise<void> {
    await createKey(this.#tx, newKeyOf(this.#state));
    const { outcome } = this.#state;
    const address = outcome?.success === true ? outcome.address : '';
    await this.#audit('key.create', { address, threshold: this.#state.threshold });
  }

  async #noteReceipt(from: number, receipt: string): Promise<void> {
    const { target, parties } = this.#state;
    const party = parties.find(({ index }) => index === from);
    if (target === undefined || party === undefined) return;
    await noteReceipt(this.#tx, { keyId: target.keyId, partIndex: party.index }, receipt);
    await this.#audit('chip.deleted', {
      participant: party.username,
      se_id: party.seId,
      record_id: party.recordId ?? '',
      address: target.address,
      receipt,
    });
  }

  async #destroyKey(): Promise<void> {
    const { at } = this.#cause;
    const destruction = await destroyKey(this.#tx, this.#state, at);
    await this.#context.audit.append(this.#tx, {
      at,
      actor: 'system',
      action: DESTROYED,
      subject: destruction.address,
      outcome: 'ok',
      details: this.#context.audit.certify(destruction),
    });
  }

  async #orphan(effect: Extract<Effect, { type: 'orphan' }>): Promise<void> {
    const { from, record } = effect;
    const notice = await noteOrphan(this.#tx, this.#state, from, record, this.#cause.at);
    if (notice === undefined) return;
    const username = nameOf(this.#state, from);
    await this.#audit('session.orphan', { participant: username, record_id: record.recordId });
    // Not stored in the outbox: it is told anew at every register, until the record is gone.
    const { hub } = this.#context;
    this.#tx.onCommit(() => hub.tell(participant(username), notice));
  }

  async #tellOutcome(): Promise<void> {
    const { outcome } = this.#state;
    if (outcome === undefined) return;
    await this.#context.outbox.sessionEnded(this.#tx, this.#state.sessionKey);
    const completion = completionOf(this.#state, outcome, this.#context.language);
    if (outcome.success) {
      for (const { username } of this.#state.parties) await this.#keep(username, completion);
      await this.#toCoordinator(completion);
      const missing = outcome.missing.map((index) => nameOf(this.#state, index));
      await this.#audit('session.complete', { address: outcome.address, missing });
      return;
    }
    const { language } = this.#context;
    const told = failureOf(this.#state, outcome, { language, role: 'participant' });
    for (const { username } of this.#state.parties) await this.#keep(username, told);
    const failure = failureOf(this.#state, outcome, { language, role: 'coordinator' });
    await this.#toCoordinator(failure, completion);
    const { code, details, concerned } = outcome;
    const names = concerned.map((index) => nameOf(this.#state, index));
    const blame = { ...blameOf(outcome.abort), ...accusationOf(this.#state, outcome) };
    await this.#audit('session.fail', { code, reason: details, concerned: names, ...blame });
  }

  async #tellProgress(warning?: string): Promise<void> {
    const { hub } = this.#context;
    const username = this.#state.coordinator;
    if (!hub.clientsOf(coordinator(username)).some(({ progress }) => progress)) return;
    const followers = await this.#followers();
    this.#tx.onCommit(() => {
      for (const to of followers) hub.tellProgress(to, () => newsOf(this.#state, warning));
    });
  }

  #followers(): Promise<readonly Recipient[]> {
    const { sessionKey, coordinator: username } = this.#state;
    return followersOf(this.#tx, this.#context.hub, { sessionKey, username });
  }

  async #toCoordinator(...messages: readonly object[]): Promise<void> {
    const now = this.#cause.at;
    for (const to of await this.#followers()) {
      for (const message of messages)
        await this.#context.outbox.send(this.#tx, to, message, { now });
    }
  }

  /** Sends what concerns a party only while the session goes on. */
  #toParty(username: string, message: object): Promise<void> {
    const during = this.#state.sessionKey;
    const to = participant(username);
    return this.#context.outbox.send(this.#tx, to, message, { now: this.#cause.at, during });
  }

  /** Sends what a party has to know even when it comes back after the end. */
  #keep(username: string, message: object): Promise<void> {
    const to = participant(username);
    return this.#context.outbox.send(this.#tx, to, message, { now: this.#cause.at });
  }

  #audit(action: string, details: AuditEvent['details']): Promise<void> {
    const outcome = action === 'session.fail' ? 'failed' : 'ok';
    return this.#context.audit.append(this.#tx, {
      at: this.#cause.at,
      actor: 'system',
      action,
      subject: this.#state.sessionKey,
      outcome,
      details: { kind: this.#state.kind, ...details },
    });
  }
}
