/**
 * The machine that a ceremony of any kind runs on at one participant: consent, certificate, parameters,
 * rounds, result. Messages drive it; steps of one session never overlap (J-6). It knows no kind.
 */
import { messageOf, type RoundFrame } from '@quorate/holder';
import { CERTIFICATE_TIMES, fromHex } from '@quorate/intent';
import { deriveSessionId } from '@quorate/tss';
import {
  type Abort,
  CEREMONIES,
  type ChipAuthorisation,
  type CompleteOf,
  type InviteOf,
  type Kind,
  type ParamsOf,
} from '@quorate/wire';
import type { SessionAbort } from '../protocol/frames.ts';
import type { ProtocolKind, StartOf } from '../protocol/orders.ts';
import { type Authorisation, Authorisations, type ChipUse, Superseded } from './authorisations.ts';
import { keepBans } from './bans.ts';
import type { Ceremony, CertifiedParties, Resumable, Role, SessionControl } from './ceremony.ts';
import { certify } from './certify.ts';
import {
  certifySession,
  type OwnCertificate,
  ownCertificate,
  type PeerCertificate,
  unusedKeys,
} from './certificates.ts';
import { askInTime } from './consent.ts';
import type { CeremonyContext } from './context.ts';
import { SessionLife } from './life.ts';
import { refuseUnless, tellable } from './refusal.ts';
import { type ProtocolEnd, Rounds } from './rounds.ts';
import { keepEvidence, tellableReason, wireAbort } from './told.ts';

/** One session at one participant. */
export class Session<K extends Kind> extends SessionLife implements SessionControl {
  readonly kind: K;
  readonly #ceremony: Ceremony<K>;
  readonly #authorisations: Authorisations;
  readonly #rounds: Rounds;
  #role: Role<K> | undefined;
  #certificate: OwnCertificate | undefined;
  /** The session id and everybody's certificates, once they were checked. */
  #proven: { readonly sid: Uint8Array; readonly certificates: readonly Uint8Array[] } | undefined;
  #hasParams = false;
  /** Waits until the record that says `running` is on disk. */
  #running: (() => Promise<void>) | undefined;
  #enduring = false;
  #steps: Promise<void> = Promise.resolve();

  constructor(
    context: CeremonyContext,
    ceremony: Ceremony<K>,
    at: { readonly sessionKey: string; readonly partIndex: number },
  ) {
    super(context, at.sessionKey, at.partIndex);
    this.kind = ceremony.kind;
    this.#ceremony = ceremony;
    const { signal } = this.life;
    this.#authorisations = new Authorisations({ ...at, context: this.context, signal });
    this.#rounds = new Rounds({
      ...at,
      ...context,
      send: (message, isGood) => this.outlet.send(message, isGood),
      heard: (event) => this.#onProtocolEnd(event),
      failed: (error) => this.#eventFailed(error),
      isOver: () => this.isOver,
    });
  }

  /** Whether the session has done its part for good, and only answers a coordinator that asks again. */
  get onlyAnswers(): boolean {
    return this.#enduring && this.#role?.standing === 'completed';
  }

  /** Answers the invitation. */
  begin(invite: InviteOf<K>): void {
    this.step(() => this.#invited(invite));
  }

  /** Goes on with a session that an earlier process consented to. */
  resume(resumable: Resumable<K>): void {
    const { certificate, again } = resumable;
    this.#certificate = ownCertificate(this.context.chip.publicKey, certificate);
    this.#role = resumable.role(this);
    this.#enduring = true;
    this.settled = true;
    if (again !== null) this.context.send(again);
  }

  /**
   * Acts on the first parameters; later ones are a replay, or somebody's trick (1.9.9). Only a session that endures
   * gets them again, for another attempt.
   */
  receiveParams(params: ParamsOf<K>): void {
    if (this.#hasParams && !this.#enduring) return;
    this.#hasParams = true;
    this.#authorisations.supersede();
    this.step(async () => {
      const accepted = this.#role !== undefined && this.isCertified;
      refuseUnless(accepted, 'not_accepted', 'parameters before our answer');
      await this.#agreed.start(params);
    });
  }

  /** Takes a round message, and keeps it until the protocol runs. */
  receiveRound(frame: RoundFrame): void {
    if (!this.isOver) this.#rounds.receive(frame);
  }

  /** Takes a fresh authorisation for a renewed challenge. */
  receiveAuthorisation(message: ChipAuthorisation): void {
    this.#authorisations.receive(message);
  }

  /** Takes the coordinator's word on the end of the session. */
  receiveComplete(complete: CompleteOf<K>): void {
    if (this.#role !== undefined) this.#role.complete(complete);
    else this.endByCoordinator(complete.message);
  }

  /** Takes the coordinator's word that the session is over. */
  endByCoordinator(reason: string): void {
    if (this.#role?.endedByCoordinator() === false) return;
    this.settled = true;
    if (!this.isOver) this.finish(this.endState(), reason);
  }

  /** Stops without a word: the agent is going down. An enduring session goes on at the next start. */
  stop(): void {
    if (this.isOver) return;
    const reason = 'the agent stopped';
    if (this.#enduring) this.close(reason);
    else this.finish(this.endState(), reason);
  }

  /** Whether this session uses the share of this key. */
  uses(keyId: string): boolean {
    return this.#ceremony.release === 'read' && this.#role?.keyId === keyId;
  }

  /** Whether this session depends on the pairwise state with one of these parties. */
  involves(keyId: string, peers: readonly number[]): boolean {
    const signers = this.#role?.signers ?? [];
    return this.uses(keyId) && signers.some(({ part_index }) => peers.includes(part_index));
  }

  get certificate(): OwnCertificate {
    if (this.#certificate === undefined) throw new TypeError('unreachable: nothing certified');
    return this.#certificate;
  }

  checkCertificates(received: readonly PeerCertificate[]): CertifiedParties {
    const { intentHash, signers, keyId } = this.#agreed;
    const { certificates, peers } = certifySession(received, {
      operation: this.kind,
      sessionKey: this.sessionKey,
      intentHash,
      signers,
      own: { index: this.partIndex, certificate: this.certificate.bytes },
      now: this.#enduring ? undefined : this.context.now(),
    });
    const sid = deriveSessionId(keyId === null ? null : fromHex(keyId), certificates);
    this.#proven = { sid, certificates };
    return { sid, peers };
  }

  challenge(): Promise<string> {
    return this.#authorisations.challenge();
  }

  withAuthorisation<T>(first: Authorisation, use: ChipUse<T>): Promise<T> {
    return this.#authorisations.use(this.certificate, first, use);
  }

  noteRunning(): void {
    this.#running ??= this.context.state.sessions.note(this.recordOf('running', null));
  }

  async startProtocol<P extends ProtocolKind>(kind: P, start: StartOf<P>): Promise<void> {
    if (this.isOver) return;
    this.noteRunning();
    await this.#running?.();
    if (!this.isOver) this.#rounds.start(kind, start);
  }

  /** Runs the steps of this session one after another; a refusal ends the session. */
  step(work: () => Promise<void>, skipped: () => void = () => undefined): void {
    this.#steps = this.#steps.then(() => this.#step(work, skipped));
  }

  endure(): void {
    this.#enduring = true;
    this.settled = true;
    this.outlet.unlimited();
    this.noteRunning();
  }

  protected get role(): Role<K> | undefined {
    return this.#role;
  }

  protected wipe(): void {
    this.#rounds.end();
  }

  protected get isCertified(): boolean {
    return this.#certificate !== undefined;
  }

  protected get mayBeRevealed(): boolean {
    const { revealing } = this.#ceremony;
    return revealing !== undefined && this.#rounds.sent >= revealing;
  }

  protected sendFailure(told: string, abort?: Abort): void {
    if (this.#role !== undefined) this.context.send(this.#role.failure(told, abort));
    else this.#sendDecline(told);
  }

  get #agreed(): Role<K> {
    if (this.#role === undefined) throw new TypeError('unreachable: nothing was agreed to');
    return this.#role;
  }

  async #invited(invite: InviteOf<K>): Promise<void> {
    const { question, role } = await this.#ceremony.agree(this, invite);
    this.#role = role;
    const approval = await askInTime(this.context, question, invite.expires_at, this.life.signal);
    if (approval === undefined) this.fail('the invitation expired');
    if (approval === undefined || this.isOver) return;
    if (!approval.accept) return this.#decline(approval.reason);
    // Only a ceremony with rounds has keys of the protocol thread.
    const hasRounds = CEREMONIES[this.kind].rounds > 0;
    const keys = hasRounds ? await this.#rounds.prepare(role.keyId) : unusedKeys();
    refuseUnless(!this.isOver, 'aborted', 'the session ended');
    // Last: consent and keys take their time, and the certificate's begins with the berth.
    if (this.#ceremony.release !== null) await this.#authorisations.takeBerth(invite.expires_at);
    const agreed = { intentHash: role.intentHash, record: this.recordOf('accepted', null) };
    this.#certificate = await certify(this, agreed, keys, (notAfter) =>
      this.outlet.limit(notAfter, CERTIFICATE_TIMES.lifetime),
    );
    if (this.isOver) return;
    const answer = await role.accept(Buffer.from(this.#certificate.bytes).toString('base64'));
    if (!this.isOver) this.context.send(answer);
  }

  async #step(work: () => Promise<void>, skipped: () => void): Promise<void> {
    if (this.outlet.passed) this.expire();
    if (this.isOver) return skipped();
    try {
      await work();
    } catch (error) {
      this.#stepFailed(error);
    }
  }

  #stepFailed(error: unknown): void {
    if (this.isOver || error instanceof Superseded) return;
    const { context, sessionKey: session_key } = this;
    context.logger.warn({ session_key, error: messageOf(error) }, 'session step failed');
    const told = tellableReason(error);
    if (this.#enduring) context.send(this.#agreed.failure(told));
    else if (this.isCertified) this.fail(told);
    else this.#decline(told);
  }

  #decline(reason: string): void {
    this.#sendDecline(reason);
    this.finish('failed', reason);
  }

  #sendDecline(reason: string): void {
    const { context, sessionKey: session_key, partIndex: part_index } = this;
    const answer = { session_key, part_index, cpic: context.chip.cpic, accept: false } as const;
    context.send(this.#ceremony.decline({ ...answer, reason: tellable(reason) }));
  }

  #onProtocolEnd(event: ProtocolEnd): void {
    switch (event.event) {
      case 'output':
        return this.#agreed.take(event.output);
      case 'aborted':
        return this.#onAbort(event.abort);
      case 'refused':
        return this.fail(tellable(`${event.reason}: ${event.message}`));
    }
  }

  #eventFailed(error: unknown): void {
    const { context, sessionKey: session_key } = this;
    context.logger.error({ session_key, error: messageOf(error) }, 'session event failed');
    this.fail(tellableReason(error));
  }

  /** Ends an aborted session, in this order: bans on disk, evidence on disk, then the word to the others (O-12). */
  #onAbort(abort: SessionAbort): void {
    const { context, sessionKey } = this;
    const keyId = this.#role?.keyId ?? null;
    if (!keepBans(context, sessionKey, keyId, abort)) return;
    if (this.#proven) keepEvidence(context, sessionKey, { ...this.#proven, keyId }, abort);
    const named = abort.culprits.length > 0 ? ` by part ${abort.culprits.join(', ')}` : '';
    this.fail(`aborted: ${abort.reason}${named}`, wireAbort(abort));
  }
}
