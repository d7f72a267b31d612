/**
 * REST schemas of the two-party server (docs/cosigner.md, "REST").
 */
import { z } from 'zod';
import { Address, PublicKey, Signature, text, Time, Username } from '../fields.ts';
import { LIMITS } from '../limits.ts';
import { MessageHash, PEER_LIMITS, SignedText, TwoPartySessionId } from './envelope.ts';
import { bounded, matching } from '../strings.ts';
import { EXPECTED } from '../expectations.ts';

/** The roles of a token. */
export const CosignerRole = z
  .enum(['operator', 'signer', 'approver', 'viewer'])
  .meta({ id: 'CosignerRole', description: 'a permission of a token' });
export type CosignerRole = z.infer<typeof CosignerRole>;

/** Names of the steps, 1 to 7 in this order. */
export const STEPS = [
  'StepPreParams',
  'StepKeygenP1',
  'StepKeygenP2',
  'StepSignRound1',
  'StepSignRound2',
  'StepSignRound3',
  'StepCompleted',
] as const;
export type Step = (typeof STEPS)[number];

/** The step of a session. */
export const StepName = z
  .enum(STEPS)
  .meta({ id: 'Step', description: 'the current step of the session' });

/** States of a session. */
export const TwoPartyStatus = z
  .enum([
    'preparing',
    'created',
    'awaiting_approval',
    'running',
    'completed',
    'failed',
    'aborted',
    'unknown_outcome',
  ])
  .meta({
    id: 'TwoPartyStatus',
    description:
      'completed, failed and aborted are final; unknown_outcome becomes completed or aborted when the enterprise side has answered',
  });
export type TwoPartyStatus = z.infer<typeof TwoPartyStatus>;

/** The kinds of session. */
export const TwoPartyType = z.enum(['keygen', 'sign', 'refresh']).meta({ id: 'TwoPartyType' });
export type TwoPartyType = z.infer<typeof TwoPartyType>;

const RequestId = matching(/^[A-Za-z0-9._:-]{1,128}$/, 128, EXPECTED.sessionKey).meta({
  description: 'makes a retry safe: the same request by the same caller returns the same session',
});
const Wait = z
  .number()
  .min(0)
  .max(170)
  .meta({ description: 'seconds to wait for the end of the session before answering' });

/** `POST /api/v1/keygen/two-party`. */
export const TwoPartyKeygenRequest = z
  .strictObject({ partner: Username, request_id: RequestId.optional(), wait: Wait.optional() })
  .meta({ id: 'TwoPartyKeygenRequest' });
export type TwoPartyKeygenRequest = z.infer<typeof TwoPartyKeygenRequest>;

/** `POST /api/v1/sign/two-party`. */
export const TwoPartySignRequest = z
  .strictObject({
    session_id: TwoPartySessionId,
    message: SignedText,
    partner: Username,
    hash: MessageHash.optional(),
    request_id: RequestId.optional(),
    wait: Wait.optional(),
  })
  .meta({
    id: 'TwoPartySignRequest',
    description: 'session_id is that of the key generation; hash is eip191 by default',
  });
export type TwoPartySignRequest = z.infer<typeof TwoPartySignRequest>;

/** `POST /api/v1/refresh/two-party`. */
export const TwoPartyRefreshRequest = z
  .strictObject({
    session_id: TwoPartySessionId,
    partner: Username,
    request_id: RequestId.optional(),
    wait: Wait.optional(),
  })
  .meta({ id: 'TwoPartyRefreshRequest' });
export type TwoPartyRefreshRequest = z.infer<typeof TwoPartyRefreshRequest>;

/** `POST /api/v1/sessions/{session_id}/decline`. */
export const DeclineRequest = z
  .strictObject({ reason: text(200).optional() })
  .meta({ id: 'DeclineRequest' });
export type DeclineRequest = z.infer<typeof DeclineRequest>;

/**
 * `POST /api/v1/sessions/{session_id}/approve`: names the session as the person saw it, so that nothing else
 * is approved. A signature needs its digest; a new key and new shares have none and take none.
 */
export const ApproveRequest = z
  .strictObject({
    digest: matching(/^0x[0-9a-f]{64}$/, 66, EXPECTED.digest0x)
      .optional()
      .meta({
        description:
          'the digest that the person saw: required for a signature, absent for a new key and new shares',
      }),
  })
  .meta({ id: 'ApproveRequest' });
export type ApproveRequest = z.infer<typeof ApproveRequest>;

/** `POST /api/v1/keys/{session_id}/retire`: the address of the key, so that no other key is retired. */
export const RetireRequest = z
  .strictObject({
    address: Address.meta({ description: 'the key’s own address, as a confirmation' }),
  })
  .meta({ id: 'RetireRequest' });
export type RetireRequest = z.infer<typeof RetireRequest>;

/** One session, without secrets. */
export const TwoPartySession = z
  .strictObject({
    session_id: TwoPartySessionId,
    type: TwoPartyType,
    status: TwoPartyStatus,
    step: StepName.nullable(),
    partner: Username,
    initiator: Username,
    key_session_id: TwoPartySessionId.nullable(),
    address: Address.nullable(),
    public_key: PublicKey.nullable(),
    message: bounded(PEER_LIMITS.message).nullable(),
    hash: MessageHash.nullable(),
    digest: bounded(66).nullable(),
    signature: Signature.nullable(),
    error: z.strictObject({ code: bounded(64), message: bounded(LIMITS.details) }).nullable(),
    created_at: Time,
    updated_at: Time,
  })
  .meta({ id: 'TwoPartySession' });
export type TwoPartySession = z.infer<typeof TwoPartySession>;

/** `GET /api/v1/sessions`. */
export const TwoPartySessionQuery = z.strictObject({
  status: TwoPartyStatus.optional(),
  type: TwoPartyType.optional(),
  limit: z.coerce.number().int().min(1).max(LIMITS.page.max).default(LIMITS.page.default),
  cursor: matching(/^[0-9]{1,15}-[0-9a-f]{32}$/, 48, EXPECTED.cursor).optional(),
});
export type TwoPartySessionQuery = z.infer<typeof TwoPartySessionQuery>;

/** A page of sessions, newest first. */
export const TwoPartySessionList = z
  .strictObject({
    sessions: z.array(TwoPartySession).max(LIMITS.page.max),
    next: bounded(48).nullable(),
  })
  .meta({ id: 'TwoPartySessionList' });
export type TwoPartySessionList = z.infer<typeof TwoPartySessionList>;

/** One key, without secrets. */
export const TwoPartyKey = z
  .strictObject({
    session_id: TwoPartySessionId,
    state: z.enum(['pending', 'active', 'locked', 'retired', 'rolled_back']),
    partner: Username,
    address: Address,
    public_key: PublicKey,
    epoch: z.int().nonnegative(),
    paillier_bits: z.int(),
    lock: z
      .strictObject({
        kind: z.enum(['refreshable', 'terminal']),
        session_id: TwoPartySessionId,
        at: Time,
      })
      .nullable(),
    openings_left: z.int().nonnegative(),
    created_at: Time,
    retired_at: Time.optional().meta({ description: 'of a key that an operator retired' }),
  })
  .meta({ id: 'TwoPartyKey' });
export type TwoPartyKey = z.infer<typeof TwoPartyKey>;

/** `GET /api/v1/keys`. */
export const TwoPartyKeyList = z
  .strictObject({ keys: z.array(TwoPartyKey).max(LIMITS.page.max) })
  .meta({ id: 'TwoPartyKeyList' });
export type TwoPartyKeyList = z.infer<typeof TwoPartyKeyList>;

/** One protocol thread of `GET /readyz`. */
export const ThreadHealthView = z
  .strictObject({
    index: z.int().nonnegative(),
    state: z.enum(['ready', 'busy', 'replaced', 'stopped']).meta({
      description:
        'ready: it answers; busy: it has worked on one task for longer than a moment; replaced: the previous thread is gone and the new one is not ready yet; stopped: no thread runs here',
    }),
    last_answer_ms: z.int().nonnegative().meta({
      description: 'since its last sign of progress; an idle thread is asked every few seconds',
    }),
    sessions: z.int().nonnegative(),
    restarts: z.int().nonnegative(),
    faults: z
      .int()
      .nonnegative()
      .meta({ description: 'sessions that ended through a fault of this server' }),
    stuck: z.int().nonnegative().meta({
      description: 'abandoned threads that could not be ended; they end with the process',
    }),
  })
  .meta({ id: 'ThreadHealth' });
export type ThreadHealthView = z.infer<typeof ThreadHealthView>;
/** Warnings of a healthy server for its operator. */
export const CosignerWarning = z.enum(['approval_auto']).meta({
  id: 'CosignerWarning',
  description: 'approval_auto: nobody reviews the requests of the partner',
});
export type CosignerWarning = z.infer<typeof CosignerWarning>;

/** `GET /healthz`, `GET /readyz`. */
export const CosignerHealth = z
  .strictObject({
    status: z.enum(['ok', 'not_ready']),
    partners: z
      .array(z.strictObject({ name: Username, connected: z.boolean() }))
      .max(LIMITS.page.max),
    primes: z.int().nonnegative().meta({ description: 'prepared pairs of primes' }),
    threads: z.array(ThreadHealthView).max(64).optional(),
    warnings: z.array(CosignerWarning).max(8).optional(),
  })
  .meta({ id: 'CosignerHealth' });
export type CosignerHealth = z.infer<typeof CosignerHealth>;
