/**
 * The shape that every kind of ceremony has on the wire: somebody asks, the server invites, the
 * participants answer, the rounds run if there are any, every participant says how it ended, and so does
 * the server.
 */
import { z } from 'zod';
import type { Said } from '../expectations.ts';
import { Cpic, PartIndex, type Peer, Sequence, SessionKey, text } from '../fields.ts';

/** The messages of a ceremony, in the order in which they pass. */
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

/** Fields that every request has. */
export interface CommonRequest extends FromClient, Size {}

/** Fields that every invitation has. */
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

/** Fields that every consent has. */
export interface CommonAccept extends Answer {
  readonly accept: true;
  readonly session_certificate: string;
}

/** Fields that every refusal to take part has. */
export interface CommonDecline extends Answer {
  readonly accept: false;
  readonly reason: string;
}

/** Fields that the start of every ceremony has. */
export interface CommonParams extends FromServer {
  readonly part_index: number;
  readonly peers: readonly z.output<typeof Peer>[];
}

/** Fields that every result of a participant has. */
export interface CommonResult extends FromClient {
  readonly part_index: number;
  readonly success: boolean;
  readonly message: string;
}

/** Fields that every completion has. */
export interface CommonComplete extends FromServer {
  readonly success: boolean;
  readonly message: string;
}

/** Fields that a part has in every kind of ceremony. */
interface Common {
  readonly request: CommonRequest;
  readonly invite: CommonInvite;
  readonly response: CommonAccept | CommonDecline;
  readonly params: CommonParams;
  readonly result: CommonResult;
  readonly complete: CommonComplete;
}

/** One kind of ceremony as the wire sees it: a schema for each message, and facts that both ends need. */
export type CeremonyShape<K extends string> = {
  readonly [P in Part]: z.ZodType<{ readonly type: PartType<K, P> } & Common[P]>;
} & {
  /** The number of rounds; 0: none. */
  readonly rounds: number;
  /** `message` of the completion. */
  readonly said: { readonly completed: Said; readonly failed: Said };
  /** Named schemas that only its messages use: the documents list them. */
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

/** Fields of an answer that declines, with its reason; `cpic` is empty when no chip is at hand. */
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
