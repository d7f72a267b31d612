/**
 * The one shape of every kind of ceremony at a participant. `session.ts` is the machine: it drives a
 * session from the invitation to the end and knows no kind; a kind states its differences here.
 */
import type { PeerKeys } from '@quorate/holder';
import type {
  Abort,
  AcceptOf,
  CompleteOf,
  DeclineOf,
  FailureOf,
  InviteOf,
  Kind,
  ParamsOf,
} from '@quorate/wire';
import type { ApprovalQuestionOf } from '../approval/request.ts';
import type { Outgoing } from '../link/outbox.ts';
import type { ProtocolKind, ProtocolOutput, StartOf } from '../protocol/orders.ts';
import type { Holder } from '../records/keyRecord.ts';
import type { CommonRecord, SessionEnd, SessionState } from '../records/commonRecord.ts';
import type { SessionRecordOf } from '../records/sessionRecords.ts';
import type { Authorisation, ChipUse } from './authorisations.ts';
import type { OwnCertificate, PeerCertificate } from './certificates.ts';
import type { CeremonyContext } from './context.ts';

/** One kind of ceremony at a participant: everything that the machine does not know. */
export interface Ceremony<K extends Kind> {
  readonly kind: K;
  /** The chip command that the parameters authorise. */
  readonly release: 'read' | 'delete' | null;
  /** After our frames of this round somebody may hold the result; undefined: nobody does before the end. */
  readonly revealing: number | undefined;
  /** Judges an invitation by this agent's own knowledge. @throws Refusal */
  agree(control: SessionControl, invite: InviteOf<K>): Promise<Agreed<K>>;
  decline(answer: DeclineFields): DeclineOf<K>;
  /** Finds the sessions whose consent is on disk: they go on after a restart, or still answer for their result. */
  resume(context: CeremonyContext): readonly Resumable<K>[];
  /** Words for the others about a session that died with an earlier process. */
  lastWord(context: CeremonyContext, record: SessionRecordOf<K>, told: string): Outgoing;
  /** Acts on the completion of a session that does not run here any more. */
  completedLate(context: CeremonyContext, complete: CompleteOf<K>): void;
  /** Acts on the failure of a session that this process has never run. */
  failedElsewhere(context: CeremonyContext, sessionKey: string): void;
}

/** An invitation that this agent could accept. */
interface Agreed<K extends Kind> {
  /** The question to a person or a policy. */
  readonly question: ApprovalQuestionOf<K>;
  readonly role: Role<K>;
}

/** The kind's part in one session, from an invitation that was checked; the machine calls it one step at a time. */
export interface Role<K extends Kind> {
  /** 32 bytes: the hash of everything that the parties agree on. */
  readonly intentHash: Uint8Array;
  /** The parties that certify, under the chip keys that this agent has pinned. */
  readonly signers: readonly Holder[];
  /** Hex of the key's id; null for a key that does not exist yet. */
  readonly keyId: string | null;
  readonly standing: Standing;
  /** Makes the answer to the invitation; everything that must outlive the process is on disk before. */
  accept(certificate: string): Promise<AcceptOf<K>>;
  /** The session's record, with the kind's own fields. */
  record(common: CommonRecord): SessionRecordOf<K>;
  /** Acts on the parameters: checks, release, protocol. @throws Refusal */
  start(params: ParamsOf<K>): Promise<void>;
  /** Takes the output of the protocol. */
  take(output: ProtocolOutput): void;
  /** Notes the remains on chip or disk; returns the message that this participant cannot go on. */
  failure(told: string, abort?: Abort): FailureOf<K> | DeclineOf<K>;
  /** Takes the coordinator's word on the end of the session. */
  complete(complete: CompleteOf<K>): void;
  /** Notes the remains; returns whether the coordinator's word ends the session. */
  endedByCoordinator(): boolean;
}

/** open: nothing is known of a result; answered: nothing is left to be told; completed: the result is known here. */
type Standing = 'open' | 'answered' | 'completed';

/** A session that goes on from the disk. */
export interface Resumable<K extends Kind> {
  readonly sessionKey: string;
  readonly partIndex: number;
  /** payload ‖ DER */
  readonly certificate: Uint8Array;
  role(control: SessionControl): Role<K>;
  /** Said again at the start, because the coordinator may not have heard it. */
  readonly again: Outgoing | null;
}

/** The fields of an answer that declines; the kind adds the type. */
export type DeclineFields = Omit<DeclineOf, 'type'>;

/** The machine of one session, as its kind uses it. */
export interface SessionControl {
  readonly kind: Kind;
  /** Everything sent through it passes the session's outlet. */
  readonly context: CeremonyContext;
  readonly sessionKey: string;
  readonly partIndex: number;
  /** Whether the session is over here. */
  readonly isOver: boolean;
  /** Whether the session may only listen any more. */
  readonly isListening: boolean;
  /** Our own; there is one from the answer to the invitation on. */
  readonly certificate: OwnCertificate;
  /** Checks everybody's certificates; returns the session id and the peers' keys. @throws Refusal */
  checkCertificates(received: readonly PeerCertificate[]): CertifiedParties;
  /** Makes the first challenge of the chip, base64; only for a ceremony that it authorises to do something. */
  challenge(): Promise<string>;
  /** Uses the coordinator's authorisation; a chip that lost its challenge gets a new one. */
  withAuthorisation<T>(first: Authorisation, use: ChipUse<T>): Promise<T>;
  /** Notes that the protocol is about to run; on disk with the next change of anything, a release for instance. */
  noteRunning(): void;
  /** Starts the protocol, once it is on disk that it runs, and hands it the frames that came early. */
  startProtocol<P extends ProtocolKind>(kind: P, start: StartOf<P>): Promise<void>;
  /** Runs a step after those before it, unless the session is over by then. */
  step(work: () => Promise<void>, skipped?: () => void): void;
  /** Writes where the session stands; on disk when it resolves. */
  keep(state: SessionState): Promise<void>;
  /** Hands the session to the kind's own record: from here on it neither ages nor ends by a failure or a restart. */
  endure(): void;
  /** Settles the session: nobody needs to hear of it any more. */
  settle(): void;
  /** Ends the session, telling the others. */
  fail(reason: string, abort?: Abort): void;
  /** Ends the session without a word. */
  finish(state: SessionEnd, reason: string | null): void;
  /** Ends the session as one that the coordinator has ended. */
  endByCoordinator(reason: string): void;
}

/** Everybody's certificates, checked. */
export interface CertifiedParties {
  /** 32 bytes */
  readonly sid: Uint8Array;
  /** All but ourselves. */
  readonly peers: readonly PeerKeys[];
}

/** One ceremony for each kind. */
export type Ceremonies = { readonly [K in Kind]: Ceremony<K> };
