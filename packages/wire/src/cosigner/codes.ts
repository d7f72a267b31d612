/** Codes of the two-party server: for its REST answers, and for the `error` of a failed session. */
import type { CodeEntry } from '../codes/entry.ts';
import { PROTOCOL_CODES } from '../codes/protocol.ts';
import { REST_CODES } from '../codes/rest.ts';

const {
  invalid_request,
  unauthorised,
  forbidden,
  not_found,
  payload_too_large,
  unsupported_media_type,
  request_timeout,
  expectation_failed,
  headers_too_large,
} = REST_CODES;
const { internal } = PROTOCOL_CODES;

const OWN_CODES = {
  unknown_partner: {
    http: 404,
    en: 'no such partner',
    zhCN: '未知的合作方',
    meaning: 'The name is not among the configured partners whose keys are pinned.',
  },
  unknown_key: {
    http: 404,
    en: 'no such key',
    zhCN: '未知的密钥',
    meaning: 'No key generation in this store with this session_id made a key.',
  },
  unknown_session: {
    http: 404,
    en: 'no such session',
    zhCN: '未知的会话',
    meaning: 'This server does not know the session.',
  },
  request_conflict: {
    http: 409,
    en: 'the request id was used for another request',
    zhCN: '请求编号已用于其他请求',
    meaning: 'The same request_id came before with other content; take a new one.',
  },
  key_pending: {
    http: 409,
    en: 'the key is not confirmed by both sides yet',
    zhCN: '密钥尚未由双方确认',
    meaning: 'The key becomes usable when both sides have stored it; connect the partner.',
  },
  key_locked: {
    http: 409,
    en: 'the key is locked after a failed proof',
    zhCN: '证明失败后密钥已锁定',
    meaning: 'Nothing was decrypted. An operator unlocks it with a refresh at the enterprise side.',
  },
  key_retired: {
    http: 409,
    en: 'the key is retired and can no longer sign',
    zhCN: '密钥已作废，不能再签名',
    meaning:
      'An operator retired it, a signature failed after its proof had passed, or every opening was used.',
  },
  key_rolled_back: {
    http: 409,
    en: 'the store and the chip do not match',
    zhCN: '存储与芯片的状态不一致',
    meaning:
      'The release counts of chip and store differ: an older store or an older chip was restored. The key does not sign until a refresh, which counts as an opening at the enterprise side.',
  },
  address_mismatch: {
    http: 409,
    en: 'the address does not belong to this key',
    zhCN: '地址与该密钥不符',
    meaning: 'Confirm the retirement of a key with its own address; nothing was retired.',
  },
  chip_full: {
    http: 409,
    en: 'a chip has no room for another key',
    zhCN: '芯片空间不足，无法再存储密钥',
    meaning:
      'One record stays free so that keys can be refreshed. Retire keys that are no longer needed, at the side whose chip is full.',
  },
  refresh_running: {
    http: 409,
    en: 'a refresh of this key is running',
    zhCN: '该密钥正在刷新',
    meaning: 'One refresh of a key at a time.',
  },
  wrong_side: {
    http: 409,
    en: 'only the enterprise side can order this',
    zhCN: '须在企业端发起',
    meaning: 'Only an operator of the side that holds the Paillier key can order a refresh.',
  },
  not_capable: {
    http: 409,
    en: 'this server does not have that capability',
    zhCN: '该服务器不具备此能力',
    meaning: 'The operation is not among the configured capabilities.',
  },
  not_awaiting_approval: {
    http: 409,
    en: 'no request waits for this decision',
    zhCN: '没有等待该决定的请求',
    meaning: 'The session was decided, has ended, or needs no approval here.',
  },
  digest_mismatch: {
    http: 409,
    en: 'the digest does not belong to this session',
    zhCN: '摘要与该会话不符',
    meaning: 'The digest that was reviewed differs from the one to sign; nothing is approved.',
  },
  too_many_sessions: {
    http: 429,
    en: 'too many sessions at once',
    zhCN: '同时进行的会话过多',
    meaning: 'Wait until some of the running sessions have ended.',
  },
  too_many_connections: {
    http: 503,
    en: 'too many connections',
    zhCN: '连接过多',
    meaning: 'Too many connections at /peer have not proved who they are; dial again later.',
  },
  stopping: {
    http: 503,
    en: 'the server is stopping',
    zhCN: '服务器正在停止',
    meaning: 'Ask again once it runs.',
  },
  declined: {
    http: 409,
    en: 'declined',
    zhCN: '已拒绝',
    meaning: 'A person or a policy of the approving side declined.',
  },
  timeout: {
    http: 504,
    en: 'the time ran out',
    zhCN: '会话超时',
    meaning:
      'A deadline passed before the session could have an effect. Nothing is locked; ask again.',
  },
  aborted: {
    http: 409,
    en: 'the session was aborted',
    zhCN: '会话已中止',
    meaning: 'A check failed at one of the sides; its local log says which.',
  },
  unknown_outcome: {
    http: 409,
    en: 'a signature or a new share may exist',
    zhCN: '签名或新分片可能已经产生',
    meaning:
      'The mobile side has sent its last message and has no answer. It asks the enterprise side at every connection, and the session then becomes completed or aborted. Until then do not repeat the request.',
  },
  process_restarted: {
    http: 409,
    en: 'a server restarted while the session ran',
    zhCN: '会话进行中服务器重启',
    meaning: 'Ephemeral values are never written to disk. No key is lost; ask again.',
  },
  thread_stopped: {
    http: 503,
    en: 'a protocol thread hung or failed',
    zhCN: '协议线程停止响应或失败',
    meaning:
      'A thread of this side was replaced, and its sessions ended; its log says why. Nothing is locked, except a key whose last message the enterprise side was judging (key_locked); ask again.',
  },
  invalid_certificate: {
    http: 409,
    en: 'the partner did not prove its identity',
    zhCN: '合作方身份证明无效',
    meaning:
      'The certificate is not signed by the pinned key, has expired, or is for another session.',
  },
  intent_mismatch: {
    http: 409,
    en: 'the two sides do not agree on the request',
    zhCN: '双方意图不一致',
    meaning: 'Message, key, epoch or parameters differ between the two sides.',
  },
  epoch_mismatch: {
    http: 409,
    en: 'the two sides have different epochs of the key',
    zhCN: '双方密钥版本不一致',
    meaning: 'A refresh is about to complete; ask again once both sides are connected.',
  },
  chip_refused: {
    http: 500,
    en: 'the chip did not release the key',
    zhCN: '芯片未释放密钥',
    meaning: 'The secure element of this side refused or failed; its local log says why.',
  },
} as const satisfies Record<string, CodeEntry>;

/** The table. */
export const COSIGNER_CODES = {
  invalid_request,
  unauthorised,
  forbidden,
  not_found,
  payload_too_large,
  unsupported_media_type,
  request_timeout,
  expectation_failed,
  headers_too_large,
  internal,
  ...OWN_CODES,
} as const satisfies Record<string, CodeEntry>;

/** A stable code of the two-party server. */
export type CosignerCode = keyof typeof COSIGNER_CODES;

/** True for a code of the table. */
export function isCosignerCode(code: string): code is CosignerCode {
  return Object.hasOwn(COSIGNER_CODES, code);
}
