/**
 * Decides on a partner's requests: nobody (`auto`), a person at the terminal or over REST (`prompt`), or rules
 * (`policy`). Text from the partner is escaped before a person sees it.
 */
import { type Approval, type Asker, messageOf, type Subject } from '@quorate/holder';
import { escapeForDisplay, toHex } from '@quorate/intent';
import type { MessageHash } from '@quorate/wire';
import { readOperatorFile } from '@quorate/wire/files';
import { z } from 'zod';
import type { CosignerConfig } from './configShape.ts';
import { readYaml } from './configFile.ts';
import { CosignerError, SetupError } from './errors.ts';

/** The request to decide on. */
export interface ApprovalRequest {
  readonly sessionId: string;
  readonly type: 'keygen' | 'sign' | 'refresh';
  readonly partner: string;
  readonly address: string | null;
  readonly message: string | null;
  readonly hash: MessageHash | null;
  /** `0x` and hex */
  readonly digest: string | null;
  /** 32 bytes: the hash of all terms that both sides agree on. */
  readonly intent: Uint8Array;
  /** milliseconds */
  readonly timeLeft: number;
}

const HASH_NAMES: Readonly<Record<MessageHash, string>> = {
  eip191: 'EIP-191 (personal_sign: prefix, length, text; Keccak-256)',
  keccak256: 'Keccak-256 of the text',
  sha256: 'SHA-256 of the text',
  none: 'none: the message is the digest itself, and nobody can say what it means',
};

/** The lines shown to a person, each free of control and direction characters. */
export function describeRequest(request: ApprovalRequest): string[] {
  const { sessionId, type, partner, address, message, hash, digest, intent } = request;
  const titles = { keygen: 'New key', sign: 'Signature', refresh: 'New shares of a key' };
  return [
    `── ${titles[type]} ──`,
    `Session:      ${sessionId}`,
    `Requested by: ${escapeForDisplay(partner)}`,
    ...(address === null ? [] : [`Key:          ${address}`]),
    ...(message === null ? [] : [`Text:         ${escapeForDisplay(message)}`]),
    ...(hash === null ? [] : [`Hash:         ${HASH_NAMES[hash]}`]),
    ...(digest === null ? [] : [`Digest:       ${digest}`]),
    `Request:      0x${toHex(intent)} (its digest, the same for both sides)`,
  ];
}

/** The most telling value that the chip signs: a person copies digits of it. */
function subjectOf({ digest, address, intent }: ApprovalRequest): Subject {
  if (digest !== null) return { name: 'digest', hex: digest };
  if (address !== null) return { name: 'address', hex: address };
  return { name: 'digest of this request', hex: toHex(intent) };
}

const ruleSchema = z.strictObject({
  operation: z.enum(['keygen', 'sign', 'refresh']),
  hash: z.array(z.enum(['eip191', 'keccak256', 'sha256', 'none'])).optional(),
  address: z.array(z.string().regex(/^0x[0-9a-fA-F]{40}$/)).optional(),
  /** The message begins with this. */
  starts_with: z.string().optional(),
  max_length: z.int().min(1).optional(),
  per_hour: z.int().min(1).optional(),
});

const policySchema = z.strictObject({ allow: z.array(ruleSchema).max(100) });
const POLICY_KEYS = ['allow', ...Object.keys(ruleSchema.shape)];
type Rule = z.infer<typeof ruleSchema>;

/** Decides without a person. */
export type Policy = (request: ApprovalRequest) => Approval;

/** Reads a policy; `elapsed` is a monotonic clock. @throws SetupError naming key and line */
export function parseApprovalPolicy(name: string, text: string, elapsed: () => number): Policy {
  const { allow } = readYaml(name, text, policySchema, POLICY_KEYS);
  const used = allow.map((): number[] => []);
  return (request) => {
    const hourAgo = elapsed() - 3_600_000;
    for (const [at, rule] of allow.entries()) {
      if (!allows(rule, request)) continue;
      const recent = (used[at] ?? []).filter((time) => time > hourAgo);
      if (recent.length >= (rule.per_hour ?? Number.POSITIVE_INFINITY)) continue;
      used[at] = [...recent, elapsed()];
      return { accept: true };
    }
    return { accept: false, reason: 'the policy has no rule that allows this' };
  };
}

function allows(rule: Rule, { type, hash, address, message }: ApprovalRequest): boolean {
  if (rule.operation !== type) return false;
  if (rule.hash !== undefined && (hash === null || !rule.hash.includes(hash))) return false;
  const known = rule.address?.map((text) => text.toLowerCase());
  if (known !== undefined && !known.includes(address?.toLowerCase() ?? '')) return false;
  if (rule.starts_with !== undefined && message?.startsWith(rule.starts_with) !== true)
    return false;
  return rule.max_length === undefined || (message ?? '').length <= rule.max_length;
}

const NO_DIGEST = 'body: digest: a signature is approved by the digest that was looked at';

interface Waiting {
  readonly request: ApprovalRequest;
  readonly decide: (approval: Approval) => void;
}

/** The pending decisions. */
export class Approvals {
  readonly #mode: 'auto' | 'prompt' | Policy;
  readonly #asker: Asker | undefined;
  readonly #waiting = new Map<string, Waiting>();

  /** `asker` asks at a terminal; without one, `prompt` waits for REST. */
  constructor(mode: 'auto' | 'prompt' | Policy, asker: Asker | undefined) {
    this.#mode = mode;
    this.#asker = asker;
  }

  /** Whether a person is asked. */
  get asks(): boolean {
    return this.#mode === 'prompt';
  }

  /** Waits for the decision; if `signal` aborts, it is a refusal. */
  async decide(request: ApprovalRequest, signal: AbortSignal): Promise<Approval> {
    if (this.#mode === 'auto') return { accept: true };
    if (this.#mode !== 'prompt') return this.#mode(request);
    const moot = new AbortController();
    const { sessionId } = request;
    const decided = new Promise<Approval>((resolve) => {
      this.#waiting.set(sessionId, { request, decide: resolve });
      const late = (): void => resolve({ accept: false, reason: 'no answer in time' });
      if (signal.aborted) late();
      signal.addEventListener('abort', late, { once: true });
      // A terminal that is closed, fails or stays silent leaves the answer to REST.
      void this.#ask(request, moot.signal).then(
        (answer) => {
          if (typeof answer === 'object') resolve(answer);
        },
        () => undefined,
      );
    });
    try {
      return await decided;
    } finally {
      this.#waiting.delete(sessionId);
      moot.abort(signal.aborted ? signal.reason : 'it was decided over REST');
    }
  }

  async #ask(request: ApprovalRequest, signal: AbortSignal): ReturnType<Asker> {
    if (this.#asker === undefined) return 'closed';
    const [title = '', ...lines] = describeRequest(request);
    const { timeLeft } = request;
    return this.#asker({ title, lines, subject: subjectOf(request), timeLeft }, signal);
  }

  /**
   * Takes a person's approval over REST, for the reviewed digest and nothing else.
   *
   * @throws CosignerError `not_awaiting_approval`, `invalid_request` without the digest of a signature,
   * `digest_mismatch`
   */
  approve(sessionId: string, digest: string | undefined): void {
    const { request, decide } = this.#find(sessionId);
    if (request.digest !== null && digest === undefined) {
      throw new CosignerError('invalid_request', NO_DIGEST);
    }
    if ((digest ?? null) !== request.digest) throw new CosignerError('digest_mismatch');
    decide({ accept: true });
  }

  /** Takes a person's refusal over REST. @throws CosignerError `not_awaiting_approval` */
  decline(sessionId: string, reason: string): void {
    this.#find(sessionId).decide({ accept: false, reason });
  }

  #find(sessionId: string): Waiting {
    const waiting = this.#waiting.get(sessionId);
    if (waiting === undefined) throw new CosignerError('not_awaiting_approval');
    return waiting;
  }
}

/** The mode in a configuration, with its policy read. */
export function approvalMode(
  { approval }: CosignerConfig,
  pathOf: (file: string) => string,
): 'auto' | 'prompt' | Policy {
  if (typeof approval === 'string') return approval;
  const file = pathOf(approval.policy);
  try {
    return parseApprovalPolicy(file, readOperatorFile(file).toString('utf8'), () =>
      performance.now(),
    );
  } catch (error) {
    if (error instanceof SetupError) throw error;
    throw new SetupError('config/missing', `policy ${file}: ${messageOf(error)}`, error);
  }
}
