/**
 * The shape of every kind of ceremony on the wire: a coordinator asks, the server invites, the participants
 * answer, the rounds run if there are any, every participant reports how it ended, and then the server does.
 */
import { z } from 'zod';
import type { Said } from '../expectations.ts';
import { Cpic, PartIndex, type Peer, Sequence, SessionKey, text } from '../fields.ts';

/** The messages of a ceremony, in the order in which they are sent. */
export const PARTS = ['request', 'invite', 'response', 'params', 'result', 'complete'] as const;

/** One message of a ceremony. */
export type Part = (typeof PARTS)[number];

/** The `type` of one message of a ceremony. */
export type PartType<K extends string, P extends Part> = `${K}_${P}`;

interface InSession {
  readonly session_key: string;
}

interface FromClient extends InSession {
  readonly cseq?: number | undefined;
}

interface FromServer extends InSession {
  readonly seq?: number | undefined;
}

interface Size {
  readonly threshold: number;
  readonly total_parts: number;
  readonly participants: readonly string[];
}

/** Fields of every request. */
export interface CommonRequest extends FromClient, Size {}

/** Fields of every invitation. */
export interface CommonInvite extends FromServer, Size {
  readonly coordinator: string;
  readonly part_index: number;
  readonly se_id: string;
  /** Milliseconds since the epoch. */
  readonly expires_at: number;
}

interface Answer extends FromClient {
  readonly part_index: number;
  readonly cpic: string;
  readonly reason?: string | undefined;
}

/** Fields of every consent. */
export interface CommonAccept extends Answer {
  readonly accept: true;
  readonly session_certificate: string;
}

/** Fields of every refusal to take part. */
export interface CommonDecline extends Answer {
  readonly accept: false;
  readonly reason: string;
}

/** Fields of every start of a ceremony. */
export interface CommonParams extends FromServer {
  readonly part_index: number;
  readonly peers: readonly z.output<typeof Peer>[];
}

/** Fields of every result of a participant. */
export interface CommonResult extends FromClient {
  readonly part_index: number;
  readonly success: boolean;
  readonly message: string;
}

/** Fields of every completion. */
export interface CommonComplete extends FromServer {
  readonly success: boolean;
  readonly message: string;
}

/** The fields of each part in every kind of ceremony. */
interface Common {
  readonly request: CommonRequest;
  readonly invite: CommonInvite;
  readonly response: CommonAccept | CommonDecline;
  readonly params: CommonParams;
  readonly result: CommonResult;
  readonly complete: CommonComplete;
}

/** One kind of ceremony on the wire: a schema for each message, and facts for both ends. */
export type CeremonyShape<K extends string> = {
  readonly [P in Part]: z.ZodType<{ readonly type: PartType<K, P> } & Common[P]>;
} & {
  /** The number of rounds; 0: none. */
  readonly rounds: number;
  /** `message` of the completion. */
  readonly said: { readonly completed: Said; readonly failed: Said };
  /** Named schemas used only in its messages: the documents list them. */
  readonly named: readonly z.ZodType[];
};

/** Fields of an answer to an invitation. */
export const responseFields = <T extends string>(type: T) => ({
  type: z.literal(type),
  session_key: SessionKey,
  part_index: PartIndex,
  cpic: Cpic,
  reason: text().optional(),
  cseq: Sequence.optional(),
});

/** Fields of an answer that declines, with its reason; `cpic` is empty if no chip is present. */
export const declineFields = <T extends string>(type: T) => ({
  ...responseFields(type),
  cpic: z.union([Cpic, z.literal('')]),
  reason: text().min(1),
  accept: z.literal(false),
});

/** Fields of a participant's result. */
export const resultFields = <T extends string>(type: T) => ({
  type: z.literal(type),
  session_key: SessionKey,
  part_index: PartIndex,
  message: text(),
  cseq: Sequence.optional(),
});
