/**
 * Codes of the REST interface that the connection does not have.
 */
import type { CodeEntry } from './entry.ts';

/** Codes of the REST interface that the connection does not have. */
export const REST_CODES = {
  invalid_request: {
    http: 400,
    en: 'the request is not valid',
    zhCN: '请求无效',
    meaning: 'A field, parameter or header is missing, unknown or out of bounds; details names it.',
  },
  unauthorised: {
    http: 401,
    en: 'log in first',
    zhCN: '请先登录',
    meaning: 'No bearer token, or one that is not valid.',
  },
  forbidden: {
    http: 403,
    en: 'this role may not do that',
    zhCN: '没有权限',
    meaning: 'The roles of the user do not allow the route.',
  },
  not_found: {
    http: 404,
    en: 'not found',
    zhCN: '未找到',
    meaning: 'It does not exist, or the user may not see it.',
  },
  method_not_allowed: {
    http: 405,
    en: 'method not allowed',
    zhCN: '不允许该方法',
    meaning: 'The route exists with another method.',
  },
  request_timeout: {
    http: 408,
    en: 'the request took too long',
    zhCN: '请求超时',
    meaning: 'The head or the body of the request did not arrive in time.',
  },
  expectation_failed: {
    http: 417,
    en: 'the expectation is not supported',
    zhCN: '不支持该 Expect 请求头',
    meaning: 'Send no Expect header, or 100-continue.',
  },
  headers_too_large: {
    http: 431,
    en: 'the head of the request is too large',
    zhCN: '请求头过大',
    meaning: 'The headers of a request hold at most 16 KiB.',
  },
  payload_too_large: {
    http: 413,
    en: 'the request is too large',
    zhCN: '请求过大',
    meaning: 'detail names the largest body of this route in bytes, and the size received.',
  },
  unsupported_media_type: {
    http: 415,
    en: 'only application/json is accepted',
    zhCN: '仅接受 application/json',
    meaning: 'Send application/json.',
  },
  invalid_credentials: {
    http: 401,
    en: 'username or password is wrong',
    zhCN: '用户名或密码错误',
    meaning: 'The same answer for an unknown user, a disabled one and a wrong password.',
  },
  setup_done: {
    http: 409,
    en: 'the first administrator already exists',
    zhCN: '初始化已完成',
    meaning: 'The setup token is valid once, while there is no user.',
  },
  weak_password: {
    http: 400,
    en: 'the password is too weak',
    zhCN: '密码强度不足',
    meaning: 'At least 12 characters; details says what else.',
  },
  user_exists: {
    http: 409,
    en: 'the user already exists',
    zhCN: '用户已存在',
    meaning: 'Another user has this name.',
  },
  unknown_user: {
    http: 404,
    en: 'unknown user',
    zhCN: '未知的用户',
    meaning: 'There is no active user with this name.',
  },
  unknown_login: {
    http: 404,
    en: 'unknown login',
    zhCN: '未知的登录',
    meaning: 'The user has no login with this id.',
  },
  unknown_token: {
    http: 404,
    en: 'unknown token',
    zhCN: '未知的令牌',
    meaning: 'No administrator made a token with this id for the user.',
  },
  last_admin: {
    http: 409,
    en: 'the last administrator cannot be removed',
    zhCN: '不能移除最后一个管理员',
    meaning: 'One active administrator must remain.',
  },
  unknown_chip: {
    http: 404,
    en: 'unknown chip',
    zhCN: '未知的安全芯片',
    meaning: 'There is no chip with this se_id.',
  },
  chip_conflict: {
    http: 409,
    en: 'the chip conflicts with a registered one',
    zhCN: '安全芯片与已登记的冲突',
    meaning: 'A chip can be registered only once, and a participant can have only one active chip.',
  },
  chip_state: {
    http: 409,
    en: 'the state of the chip does not allow it',
    zhCN: '安全芯片状态不允许',
    meaning: 'A destroyed chip stays destroyed; only an active one can be unblocked.',
  },
  authority_mismatch: {
    http: 409,
    en: 'the chip obeys another authority',
    zhCN: '安全芯片服从另一个授权密钥',
    meaning:
      'The chip was personalised with the authorisation key of another coordinator, which alone can unblock it.',
  },
  invalid_proof: {
    http: 400,
    en: 'the chip did not prove its key',
    zhCN: '安全芯片的证明无效',
    meaning: 'The proof is not a signature of the chip over this challenge.',
  },
  unknown_replacement: {
    http: 404,
    en: 'unknown replacement',
    zhCN: '未知的芯片更换',
    meaning: 'There is no replacement with this id, or the user may not see it.',
  },
  replacement_conflict: {
    http: 409,
    en: 'another replacement is open',
    zhCN: '与另一次芯片更换冲突',
    meaning: 'A participant can have only one open replacement, and a chip can be in only one.',
  },
  replacement_state: {
    http: 409,
    en: 'the replacement is not at that step',
    zhCN: '芯片更换尚未到或已过该步骤',
    meaning: 'It is not approved yet, or has ended; details says which.',
  },
  replacement_busy: {
    http: 409,
    en: 'not now: a chip is being replaced',
    zhCN: '现在不行：正在更换芯片',
    meaning:
      'A session is open, a record waits for its deletion, or a shard is not sealed yet. For destroy_request: a shard of the key is moving to a new chip.',
  },
  not_ready: {
    http: 503,
    en: 'not ready',
    zhCN: '服务未就绪',
    meaning: 'The server is starting or stopping, or its database does not answer.',
  },
} as const satisfies Record<string, CodeEntry>;
