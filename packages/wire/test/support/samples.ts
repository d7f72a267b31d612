/** One valid message of every type, with every field that the type knows. */
import type { Kind } from '../../src/index.ts';
import { DESTROY_SAMPLES } from './ceremonies/destroy.ts';
import { KEYGEN_SAMPLES } from './ceremonies/keygen.ts';
import type { CeremonySamples } from './ceremonies/shape.ts';
import { SIGN_SAMPLES } from './ceremonies/sign.ts';
import {
  abort,
  ADDRESS,
  CERTIFICATE,
  CHALLENGE,
  CPIC,
  DER,
  HASH,
  round,
  session,
} from './values.ts';

export const CEREMONY_SAMPLES: { readonly [K in Kind]: CeremonySamples<K> } = {
  keygen: KEYGEN_SAMPLES,
  sign: SIGN_SAMPLES,
  destroy: DESTROY_SAMPLES,
};

const ceremonies = Object.values(CEREMONY_SAMPLES);

export const CLIENT_SAMPLES: readonly Record<string, unknown>[] = [
  {
    type: 'register',
    username: '用户1',
    role: 'participant',
    token: 'header.body.signature',
    last_seq: 0,
    stream: 'abcdefgh',
    batch: true,
    progress: true,
  },
  { type: 'ack', seq: 4 },
  { type: 'round', ...session, ...round, cseq: 3 },
  { type: 'cancel_request', ...session, cseq: 7 },
  { type: 'close_request', ...session, reason: 'the chip is lost', cseq: 8 },
  {
    type: 'round_problem',
    ...session,
    part_index: 1,
    from: 2,
    round: 3,
    reason: 'decryption',
    cseq: 6,
  },
  { type: 'chip_challenge', ...session, part_index: 1, chip_challenge: CHALLENGE, cseq: 5 },
  {
    type: 'orphan_response',
    ...session,
    part_index: 1,
    cpic: CPIC,
    session_certificate: CERTIFICATE,
    chip_challenge: CHALLENGE,
  },
  { type: 'orphan_result', ...session, part_index: 1, success: true, message: '' },
  ...ceremonies.flatMap(({ request, response, result }) => [...request, ...response, ...result]),
];

export const SERVER_SAMPLES: readonly Record<string, unknown>[] = [
  {
    type: 'register_complete',
    success: true,
    message: '注册成功',
    code: 'ok',
    stream: 'abcdefgh',
    resumed: 0,
    last_cseq: 0,
  },
  { type: 'ack', cseq: 4 },
  { type: 'round', ...session, ...round, to: 2, seq: 4 },
  { type: 'chip_authorisation', ...session, chip_challenge: CHALLENGE, signature: DER, seq: 8 },
  {
    type: 'orphan_notice',
    ...session,
    part_index: 1,
    record_id: HASH,
    address: ADDRESS,
    reason: 'timeout',
    seq: 9,
  },
  {
    type: 'orphan_authorisation',
    ...session,
    part_index: 1,
    record_id: HASH,
    address: ADDRESS,
    reason_hash: HASH,
    chip_challenge: CHALLENGE,
    signature: DER,
    seq: 10,
  },
  {
    type: 'error',
    message: 'the session was aborted',
    details: 'party 2 sent a wrong share',
    code: 'aborted',
    ...session,
    cseq: 1,
    concerned: [{ username: '用户2', part_index: 2 }],
    abort,
    seq: 11,
  },
  {
    type: 'session_state',
    ...session,
    state: 'running',
    waiting_for: [{ username: '用户2', part_index: 2, for: 'round' }],
    round: 2,
    warnings: ['low'],
    seq: 12,
  },
  ...ceremonies.flatMap(({ invite, params, complete }) => [...invite, ...params, ...complete]),
];
