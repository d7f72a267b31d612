import type { CeremonySamples } from './shape.ts';
import {
  ADDRESS,
  CERTIFICATE,
  CHALLENGE,
  CPIC,
  DER,
  HASH,
  peers,
  people,
  session,
} from '../values.ts';

export const DESTROY_SAMPLES: CeremonySamples<'destroy'> = {
  request: [
    {
      type: 'destroy_request',
      ...session,
      threshold: 2,
      total_parts: 3,
      address: ADDRESS,
      reason: 'the office is closed',
      participants: people,
      cseq: 4,
    },
  ],
  invite: [
    {
      type: 'destroy_invite',
      ...session,
      address: ADDRESS,
      reason: 'the office is closed',
      part_index: 2,
      se_id: 'chip-2',
      participants: people.slice(0, 2),
      absent: [{ username: '用户3', part_index: 3, chip_state: 'lost' }],
      coordinator: 'alice',
      threshold: 2,
      total_parts: 3,
      expires_at: 1_700_000_000_000,
      seq: 5,
    },
  ],
  response: [
    {
      type: 'destroy_response',
      ...session,
      part_index: 1,
      cpic: CPIC,
      accept: true,
      session_certificate: CERTIFICATE,
      chip_challenge: CHALLENGE,
    },
    { type: 'destroy_response', ...session, part_index: 1, cpic: '', accept: false, reason: 'no' },
  ],
  params: [
    {
      type: 'destroy_params',
      ...session,
      address: ADDRESS,
      reason_hash: HASH,
      signature: DER,
      parties: '1,2',
      part_index: 2,
      record_id: HASH,
      peers,
      chip_challenge: CHALLENGE,
      seq: 6,
    },
  ],
  result: [
    {
      type: 'destroy_result',
      ...session,
      part_index: 1,
      success: true,
      receipt: CERTIFICATE,
      message: '',
    },
    { type: 'destroy_result', ...session, part_index: 1, success: false, message: 'no' },
  ],
  complete: [
    {
      type: 'destroy_complete',
      ...session,
      address: ADDRESS,
      success: true,
      message: '密钥已销毁',
      parts: [{ username: '用户1', part_index: 1, outcome: 'deleted' }],
      seq: 7,
    },
  ],
};
