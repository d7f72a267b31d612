/**
 * Codes of key generations and signatures.
 */
import type { CodeEntry } from './entry.ts';

/** Codes of key generations and signatures. */
export const SESSION_CODES = {
  session_key_conflict: {
    http: 409,
    en: 'the session key is in use',
    zhCN: '会话标识已被使用',
    meaning: 'The session_key belongs to a session with other content; take a new one.',
  },
  unknown_session: {
    http: 404,
    en: 'unknown session',
    zhCN: '未知的会话',
    meaning: 'There is no session with this session_key, or it does not concern the sender.',
  },
  sender_mismatch: {
    http: 403,
    en: 'the sender is not that participant',
    zhCN: '发送者与参与者序号不符',
    meaning: 'part_index or from is not the index of the sender in this session.',
  },
  wrong_state: {
    http: 409,
    en: 'the session does not expect this now',
    zhCN: '会话当前状态不接受该消息',
    meaning: 'The message came before its time or after the end of the session.',
  },
  conflicting_message: {
    http: 409,
    en: 'sent before with other content',
    zhCN: '与先前发送的内容冲突',
    meaning: 'The same message of this session was received before with other content.',
  },
  invalid_signature: {
    http: 400,
    en: 'the message is not signed by its sender',
    zhCN: '消息未由发送者正确签名',
    meaning:
      'A broadcast of a round needs the signature of the key in its sender’s session certificate; it was not passed on.',
  },
  invalid_threshold: {
    http: 400,
    en: 'the threshold is not valid',
    zhCN: '门限值无效',
    meaning: '2 <= threshold <= total_parts = number of participants <= 32.',
  },
  invalid_participants: {
    http: 400,
    en: 'the list of participants is not valid',
    zhCN: '参与者列表无效',
    meaning:
      'Participants must be distinct, known, active, allowed the role, and as many as asked for.',
  },
  chip_unavailable: {
    http: 409,
    final: true,
    en: 'a participant has no active chip',
    zhCN: '参与者没有可用的安全芯片',
    meaning:
      'Every participant needs exactly one active chip, and when signing the one with the shard.',
  },
  chip_mismatch: {
    http: 409,
    final: true,
    en: 'the chip is not the registered one',
    zhCN: '安全芯片与登记不符',
    meaning: 'cpic or the certificate does not belong to the chip in the invitation.',
  },
  invalid_certificate: {
    http: 400,
    final: true,
    en: 'the session certificate is not valid',
    zhCN: '会话证书无效',
    meaning: 'Wrong signature, operation, index, session, intent or time in session_certificate.',
  },
  unknown_key: {
    http: 404,
    en: 'unknown key',
    zhCN: '未知的密钥',
    meaning: 'There is no key with this address.',
  },
  forbidden_key: {
    http: 403,
    en: 'you may not use this key',
    zhCN: '无权使用该密钥',
    meaning: 'Only the creator of a key, and users with a grant, may ask for its signatures.',
  },
  key_mismatch: {
    http: 409,
    en: 'the request does not match the key',
    zhCN: '请求与密钥参数不符',
    meaning: 'threshold and total_parts must be those of the key; the key must be active.',
  },
  key_destroying: {
    http: 409,
    final: true,
    en: 'the key is being destroyed',
    zhCN: '密钥正在销毁',
    meaning:
      'Every holder consented to the destruction of the key: it can no longer sign, even before the last shard is deleted.',
  },
  key_destroyed: {
    http: 410,
    en: 'the key was destroyed',
    zhCN: '密钥已销毁',
    meaning: 'The audit log holds its destruction certificate.',
  },
  too_many_absent: {
    http: 409,
    en: 'too many holders cannot destroy their shards',
    zhCN: '无法销毁分片的参与者过多',
    meaning:
      'A key can be destroyed only if fewer than threshold of its shards remain on chips that are lost or destroyed.',
  },
  invalid_receipt: {
    http: 409,
    en: 'the receipt is not valid',
    zhCN: '销毁凭证无效',
    meaning:
      'A successful destroy_result needs the signature of the chip over the deleted record; the shard does not count as destroyed.',
  },
  chip_full: {
    http: 409,
    en: 'a chip has no room for another record',
    zhCN: '安全芯片存储已满',
    meaning: 'Destroy keys that are no longer needed, or give the participant a new chip.',
  },
  not_a_holder: {
    http: 400,
    en: 'a participant holds no shard of this key',
    zhCN: '参与者不持有该密钥的分片',
    meaning: 'Name at least threshold signers; each must hold a shard of the key.',
  },
  digest_mismatch: {
    http: 400,
    en: 'the payload does not hash to the data',
    zhCN: '载荷与待签名数据不一致',
    meaning: 'The digest computed from payload is not data.',
  },
  invalid_payload: {
    http: 400,
    en: 'the payload is not valid',
    zhCN: '载荷无效',
    meaning: 'The payload is not a transaction or message of its kind.',
  },
  zero_digest: {
    http: 400,
    en: 'a digest of zero or of the group order cannot be signed',
    zhCN: '不能签名为零（或等于群阶）的哈希值',
    meaning:
      'No known message hashes to zero modulo the group order, and anybody can forge a signature of it.',
  },
  participant_declined: {
    http: 409,
    final: true,
    en: 'a participant declined',
    zhCN: '参与者拒绝参与',
    meaning:
      'Choose other participants and ask again with a new session_key; details gives the reason.',
  },
  participant_restarted: {
    http: 409,
    final: true,
    en: 'a participant restarted',
    zhCN: '参与者已重启',
    meaning: 'A participant lost the secrets of this session; ask again with a new session_key.',
  },
  thread_stopped: {
    http: 409,
    final: true,
    toParticipants: 'aborted',
    en: 'a protocol thread of a participant hung or failed',
    zhCN: '参与者的协议线程停止响应或失败',
    meaning:
      'The participant has replaced the thread; ask again with a new session_key. Its log says why.',
  },
  timeout: {
    http: 504,
    final: true,
    en: 'the time ran out',
    zhCN: '会话超时',
    meaning: 'details names who is missing and for what; silence blames nobody.',
  },
  cancelled: {
    http: 409,
    final: true,
    toParticipants: 'aborted',
    en: 'the session was cancelled',
    zhCN: '会话已被取消',
    meaning:
      'Its asker or an administrator cancelled it, or a user lost a right that it needs; details says who. Nothing was signed.',
  },
  expired: {
    http: 504,
    final: true,
    toParticipants: 'aborted',
    en: 'the consent of a participant has expired',
    zhCN: '参与者的同意已过期',
    meaning:
      'A participant takes part for 10 minutes after its consent, by its own clocks; ask again with a new session_key.',
  },
  aborted: {
    http: 409,
    final: true,
    en: 'the session was aborted',
    zhCN: '会话已中止',
    meaning: 'A party stopped; details says why and who is proven responsible, if anybody.',
  },
  invalid_result: {
    http: 409,
    final: true,
    en: 'a result is not valid',
    zhCN: '结果无效',
    meaning: 'A result failed its check; nothing was stored or released.',
  },
  conflicting_results: {
    http: 409,
    final: true,
    en: 'the results differ',
    zhCN: '各方结果不一致',
    meaning: 'Participants reported different keys or signatures; nothing was stored or released.',
  },
  unrepresentable_recovery_id: {
    http: 409,
    en: 'the recovery id cannot be written as v',
    zhCN: '恢复标识无法表示',
    meaning: 'Recovery id 2 or 3, probability 2^-128; ask again.',
  },
  unknown_outcome: {
    http: 409,
    final: true,
    en: 'somebody may hold a signature',
    zhCN: '签名结果未知',
    meaning:
      'The session ended after the last round was relayed; protect yourself at the transaction level.',
  },
  invalid_challenge: {
    http: 400,
    en: 'the challenge is not valid',
    zhCN: '挑战无效',
    meaning: 'A challenge was seen before, has expired, or belongs to nobody.',
  },
  challenge_limit: {
    http: 429,
    en: 'too many renewals of the chip challenge',
    zhCN: '芯片挑战更新次数过多',
    meaning: 'At most 3 renewals a session.',
  },
  orphan_unknown: {
    http: 404,
    en: 'no such record to delete',
    zhCN: '没有需要删除的孤立记录',
    meaning: 'The server knows no orphan of that session on the chip.',
  },
  too_many_sessions: {
    http: 429,
    en: 'too many open sessions',
    zhCN: '进行中的会话过多',
    meaning: 'Wait until a session ends.',
  },
} as const satisfies Record<string, CodeEntry>;
