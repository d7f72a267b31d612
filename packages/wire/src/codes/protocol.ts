/**
 * Codes of the connection: frames, registration, rates.
 */
import type { CodeEntry } from './entry.ts';

/** Codes of the connection: frames, registration, rates. */
export const PROTOCOL_CODES = {
  invalid_message: {
    http: 400,
    en: 'the message is not valid',
    zhCN: '消息格式无效',
    meaning:
      'A field is missing, unknown or out of bounds; details names the field and the expectation.',
  },
  unknown_type: {
    http: 400,
    en: 'the message type is unknown',
    zhCN: '未知的消息类型',
    meaning: 'The protocol has no such type, or this side may not send it.',
  },
  frame_too_large: {
    http: 413,
    en: 'the frame is too large',
    zhCN: '消息帧过大',
    meaning: 'A frame holds at most 1 MiB.',
  },
  binary_frame: {
    http: 400,
    en: 'binary frames are not accepted',
    zhCN: '不接受二进制帧',
    meaning: 'Send messages as JSON text.',
  },
  batch_too_large: {
    http: 400,
    en: 'too many messages in one frame',
    zhCN: '批处理消息过多',
    meaning: 'An array frame holds at most 64 messages, and at least one.',
  },
  not_registered: {
    http: 401,
    close: 4401,
    en: 'register first',
    zhCN: '请先注册',
    meaning: 'The first frame of a connection must be register.',
  },
  register_timeout: {
    http: 408,
    close: 4408,
    en: 'no registration in time',
    zhCN: '注册超时',
    meaning: 'No register within 10 seconds of connecting.',
  },
  invalid_token: {
    http: 401,
    close: 4401,
    en: 'the token is not valid',
    zhCN: '令牌无效',
    meaning: 'Wrong signature, algorithm, issuer or subject, expired or revoked; log in again.',
  },
  token_expired: {
    http: 401,
    close: 4403,
    en: 'the token has expired',
    zhCN: '令牌已过期',
    meaning: 'Send register with a fresh token on the open socket before the old one expires.',
  },
  forbidden_role: {
    http: 403,
    close: 4401,
    en: 'this role is not allowed',
    zhCN: '角色不被允许',
    meaning: 'The user lacks the role, or the message is reserved to another role.',
  },
  replaced: {
    http: 409,
    close: 4409,
    en: 'replaced by a newer connection',
    zhCN: '已被新的连接取代',
    meaning:
      'The same user, role and client_id registered again elsewhere; that connection took over.',
  },
  too_many_connections: {
    http: 429,
    close: 4429,
    en: 'too many connections of this user',
    zhCN: '该用户的连接过多',
    meaning: 'Close a connection of the user, or connect again later.',
  },
  too_many_errors: {
    http: 429,
    close: 4429,
    en: 'too many malformed messages',
    zhCN: '错误消息过多',
    meaning: '20 malformed messages in 10 seconds close the socket.',
  },
  rate_limited: {
    http: 429,
    en: 'too many requests',
    zhCN: '请求过于频繁',
    meaning: 'Slow down; details says for how long, if known.',
  },
  restarting: {
    http: 503,
    close: 1012,
    en: 'the server is restarting',
    zhCN: '服务器正在重启',
    meaning: 'Connect again; sessions continue.',
  },
  store_unavailable: {
    http: 503,
    close: 1013,
    en: 'the server cannot store anything now',
    zhCN: '服务器目前无法存储数据',
    meaning:
      'Its disk is full, read-only or failing: nothing was changed. Try again later; readyz says when it works again.',
  },
  audit_broken: {
    http: 503,
    en: 'the audit log is not intact: new work is refused',
    zhCN: '审计日志不完整：不再开始新的操作',
    meaning:
      'The log in the database differs from the one that the server signed. Logins, lists and exports work; requests and changes wait for the operator.',
  },
  internal: {
    http: 500,
    close: 1011,
    en: 'internal error',
    zhCN: '内部错误',
    meaning: 'A defect; nothing was changed. The log of the server says more.',
  },
} as const satisfies Record<string, CodeEntry>;
