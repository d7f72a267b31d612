/** Carries out the effects of an event, in the transaction that stores it. */
import type { AuditEvent } from '../audit/index.ts';
import { followersOf } from '../delivery/followers.ts';
import { coordinator, participant, type Recipient } from '../delivery/recipient.ts';
import type { Tx } from '../store/database.ts';
import { accusationOf, blameOf } from './auditEntries.ts';
import type { Running } from './ceremony.ts';
import { completionOf, failureMessage, newsOf } from './messages.ts';
import { nameOf } from './parties.ts';
import type { EffectContext, ParticipantMessage, Run, Surroundings } from './run.ts';
import type { Effect, Failed, OwnEffect, Party } from './types.ts';

/** The cause of an event: its time, and the participant's message behind it. */
export interface Cause {
  readonly at: number;
  readonly message?: ParticipantMessage;
}

/** The effects of a kind have the kind's name before a colon; those of the machine have no colon. */
const isOwn = (effect: Effect): effect is OwnEffect => effect.type.includes(':');

/** Carries out the effects of one event, for one session. */
export class EffectRunner implements Run {
  readonly tx: Tx;
  readonly context: EffectContext;
  readonly surroundings: Surroundings;
  readonly #session: Running;
  readonly #cause: Cause;

  constructor(
    tx: Tx,
    {
      context,
      surroundings,
    }: { readonly context: EffectContext; readonly surroundings: Surroundings },
    session: Running,
    cause: Cause,
  ) {
    this.tx = tx;
    this.context = context;
    this.surroundings = surroundings;
    this.#session = session;
    this.#cause = cause;
  }

  get at(): number {
    return this.#cause.at;
  }

  get message(): ParticipantMessage | undefined {
    return this.#cause.message;
  }

  /** Carries out effects in order. */
  async performAll(effects: readonly Effect[]): Promise<void> {
    for (const effect of effects) await this.#perform(effect);
  }

  async tellParties<P extends Party>(
    parties: readonly P[],
    messageFor: (party: P) => Promise<object>,
  ): Promise<void> {
    for (const party of parties) {
      await this.#toParty(party.username, await messageFor(party));
    }
  }

  audit(action: string, details: AuditEvent['details']): Promise<void> {
    const { sessionKey, kind } = this.#session.state;
    return this.context.audit.append(this.tx, {
      at: this.at,
      actor: 'system',
      action,
      subject: sessionKey,
      outcome: action === 'session.fail' ? 'failed' : 'ok',
      details: { kind, ...details },
    });
  }

  #perform(effect: Effect): Promise<void> {
    const { ceremony, state } = this.#session;
    if (isOwn(effect)) return ceremony.work.perform(this, state, effect);
    switch (effect.type) {
      case 'invite':
        return this.#invite();
      case 'begin':
        return ceremony.work.begin(this, state);
      case 'relay':
        return this.#relay(effect.to);
      case 'renew':
        return this.#renew(effect.to, effect.challenge);
      case 'settle':
        return ceremony.work.settle(this, state);
      case 'tell-outcome':
        return this.#tellOutcome();
      case 'tell-progress':
        return this.#tellProgress(effect.warning);
    }
  }

  async #invite(): Promise<void> {
    const { ceremony, state } = this.#session;
    await this.tellParties(state.parties, async (party) => ceremony.words.invite(state, party));
    const participants = state.parties.map(({ username }) => username);
    await this.audit('session.invite', { participants });
  }

  async #relay(to: readonly number[]): Promise<void> {
    if (this.message?.type !== 'round') return;
    const { cseq: _, ...round } = this.message;
    const { state } = this.#session;
    const recipients = to.map((index) => participant(nameOf(state, index)));
    const terms = { now: this.at, during: state.sessionKey };
    await this.context.outbox.sendToAll(this.tx, recipients, round, terms);
  }

  async #renew(to: number, challenge: string): Promise<void> {
    const { ceremony, state } = this.#session;
    const party = state.parties.find(({ index }) => index === to);
    if (party === undefined) return;
    const renewed = await ceremony.work.renew(this, state, party, challenge);
    await this.#toParty(party.username, renewed);
  }

  async #tellOutcome(): Promise<void> {
    const { ceremony, state } = this.#session;
    const { outcome, parties } = state;
    if (outcome === undefined) return;
    const { outbox, language } = this.context;
    await outbox.sessionEnded(this.tx, state.sessionKey);
    const completion = completionOf(ceremony, state, outcome, language);
    if (outcome.success) {
      await this.#keep(parties, completion);
      await this.#toCoordinator(completion);
      const missing = outcome.missing.map((index) => nameOf(state, index));
      return this.audit('session.complete', { address: outcome.address, missing });
    }
    const failure = (role: 'coordinator' | 'participant'): object =>
      failureMessage(ceremony.rules, state, outcome, { language, role });
    await this.#keep(parties, failure('participant'));
    await this.#toCoordinator(failure('coordinator'), completion);
    return this.#auditFailure(outcome);
  }

  #auditFailure(outcome: Failed): Promise<void> {
    const { state } = this.#session;
    const { code, details, concerned } = outcome;
    const names = concerned.map((index) => nameOf(state, index));
    const blame = { ...blameOf(outcome.abort), ...accusationOf(state, outcome) };
    return this.audit('session.fail', { code, reason: details, concerned: names, ...blame });
  }

  async #tellProgress(warning?: string): Promise<void> {
    const { ceremony, state } = this.#session;
    const { hub } = this.context;
    const asker = coordinator(state.coordinator);
    if (!hub.clientsOf(asker).some(({ progress }) => progress)) return;
    const followers = await this.#followers();
    this.tx.onCommit(() => {
      for (const to of followers) {
        hub.tellProgress(to, () => newsOf(ceremony.rules, state, warning));
      }
    });
  }

  #followers(): Promise<readonly Recipient[]> {
    const { sessionKey, coordinator: username } = this.#session.state;
    return followersOf(this.tx, this.context.hub, { sessionKey, username });
  }

  async #toCoordinator(...messages: readonly object[]): Promise<void> {
    const followers = await this.#followers();
    for (const message of messages) {
      await this.context.outbox.sendToAll(this.tx, followers, message, { now: this.at });
    }
  }

  /** Sends a message that a party needs only while the session is open. */
  #toParty(username: string, message: object): Promise<void> {
    const during = this.#session.state.sessionKey;
    const terms = { now: this.at, during };
    return this.context.outbox.send(this.tx, participant(username), message, terms);
  }

  /** Sends a message that every party must get, even one that returns after the end. */
  #keep(parties: readonly Party[], message: object): Promise<void> {
    const recipients = parties.map(({ username }) => participant(username));
    return this.context.outbox.sendToAll(this.tx, recipients, message, { now: this.at });
  }
}
