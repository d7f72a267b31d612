import type { Kind, SessionStateName } from '@quorate/wire';

/** Every text of the page, English and Chinese side by side. */
export const TEXTS = {
  title: ['Quorate', 'Quorate'],
  subtitle: ['threshold keys', '门限密钥'],
  username: ['Username', '用户名'],
  password: ['Password', '密码'],
  login: ['Log in', '登录'],
  logging_in: ['Logging in …', '正在登录…'],
  logout: ['Log out', '退出'],
  other_language: ['中文', 'English'],
  login_note: [
    'The login lives in this tab only; a reload ends it.',
    '登录状态仅保存在此标签页中，刷新页面即退出。',
  ],
  approvals_note: [
    'Approvals happen at the agent, in front of the chip. This page is read-only.',
    '批准操作须在代理程序处、持安全芯片完成；此页面仅供查看。',
  ],
  sessions: ['Sessions', '会话'],
  keys: ['Keys', '密钥'],
  chips: ['Chips', '安全芯片'],
  users: ['Users', '用户'],
  audit: ['Audit', '审计'],
  back: ['Back', '返回'],
  all: ['All', '全部'],
  next: ['Next page', '下一页'],
  previous: ['Previous page', '上一页'],
  loading: ['Loading …', '加载中…'],
  nothing: ['Nothing here yet.', '暂无内容。'],
  live: ['live', '实时'],
  offline: ['The coordinator does not answer; trying again.', '协调服务器无响应，正在重试。'],
  session_key: ['Session', '会话标识'],
  kind: ['Kind', '类型'],
  state: ['State', '状态'],
  coordinator: ['Coordinator', '协调者'],
  threshold: ['Threshold', '门限'],
  of: ['of', '/'],
  address: ['Address', '地址'],
  public_key: ['Public key', '公钥'],
  created: ['Created', '创建时间'],
  changed: ['Changed', '更新时间'],
  registered_at: ['Registered', '登记时间'],
  waiting_for: ['Waiting for', '等待'],
  nobody: ['nobody', '无'],
  participants: ['Participants', '参与者'],
  part_index: ['Part', '序号'],
  digest: ['Digest', '待签名哈希'],
  signature: ['Signature', '签名结果'],
  reason: ['Reason', '原因'],
  holders: ['Holders', '持有者'],
  grants: ['May also ask for signatures', '另获授权可请求签名的用户'],
  chip: ['Chip', '芯片'],
  label: ['Label', '标签'],
  record: ['Record', '记录'],
  cpic: ['CPIC', 'CPIC'],
  fingerprint: ['Fingerprint', '指纹'],
  roles: ['Roles', '角色'],
  epoch: ['Epoch', '轮次'],
  time: ['Time', '时间'],
  actor: ['Actor', '操作者'],
  action: ['Action', '操作'],
  subject: ['Subject', '对象'],
  outcome: ['Outcome', '结果'],
  details: ['Details', '详情'],
  checkpoint: ['Sign a checkpoint', '生成签名检查点'],
  checkpoint_note: [
    'Keep it elsewhere: an export that does not lead to it has been altered.',
    '请另行保存：与其不符的导出文件已被篡改。',
  ],
  export: ['Export', '导出'],
  entry: ['Entry', '条目'],
  hash: ['Hash', '哈希'],
  audit_key: ['Audit key', '审计公钥'],
  copy: ['Copy', '复制'],
  copied: ['Copied', '已复制'],
} as const satisfies Record<string, readonly [en: string, zhCN: string]>;

type Word = readonly [en: string, zhCN: string];

/** The words of the server: states, outcomes, kinds, roles. Never used for names of people. */
export const WORDS = {
  keygen: ['key generation', '密钥生成'],
  sign: ['signature', '签名'],
  destroy: ['destruction', '销毁密钥'],
  invited: ['invited', '已邀请'],
  accepted: ['accepted', '已接受'],
  running: ['running', '进行中'],
  results: ['collecting results', '收集结果'],
  completed: ['completed', '已完成'],
  finished: ['finished', '已结束'],
  failed: ['failed', '失败'],
  active: ['active', '可用'],
  lost: ['lost', '遗失'],
  disabled: ['disabled', '停用'],
  destroyed: ['destroyed', '已销毁'],
  destroying: ['being destroyed', '销毁中'],
  held: ['held', '已保存'],
  deleted: ['deleted', '已删除'],
  absent: ['chip gone', '芯片已失'],
  ok: ['ok', '成功'],
  refused: ['refused', '已拒绝'],
  admin: ['administrator', '管理员'],
  participant: ['participant', '参与者'],
  auditor: ['auditor', '审计员'],
  coordinator: ['coordinator', '协调者'],
  unknown: ['unknown', '未知'],
} as const satisfies Readonly<Record<Kind | SessionStateName, Word>> & Record<string, Word>;

/** The name of a text. */
export type TextKey = keyof typeof TEXTS;

/** Languages of the page. */
export type Language = 'en' | 'zh-CN';

/** A text in a language. */
export function textIn(language: Language, key: TextKey): string {
  return TEXTS[key][language === 'zh-CN' ? 1 : 0];
}

/** A word of the server: translated if known, else unchanged. */
export function wordIn(language: Language, word: string): string {
  const round = /^round (\d{1,2})$/.exec(word)?.[1];
  if (round !== undefined) return language === 'zh-CN' ? `第 ${round} 轮` : word;
  return isWord(word) ? WORDS[word][language === 'zh-CN' ? 1 : 0] : word;
}

function isWord(word: string): word is keyof typeof WORDS {
  return Object.hasOwn(WORDS, word);
}

/** The page's language for a browser that prefers `tag`. */
export function languageOf(tag: string): Language {
  return /^zh\b/i.test(tag) ? 'zh-CN' : 'en';
}
