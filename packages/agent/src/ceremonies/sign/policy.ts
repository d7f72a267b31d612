/**
 * The rules of a policy file about signing: they refuse everything that they do not expressly allow.
 */
import type { Approval } from '@quorate/holder';
import type { Payload } from '@quorate/intent';
import { z } from 'zod';
import { allowed, refuse } from '../../approval/rule.ts';
import { readTokenCall } from '../../approval/tokenCall.ts';
import type { SignApproval } from './request.ts';

/** The limits of a signature. Addresses are in lower case. */
export interface SignRules {
  readonly kinds: readonly Payload['kind'][];
  /** Chain ids; `any` must be written out. */
  readonly chains: 'any' | readonly number[];
  /** The recipients of transactions, and of tokens by a call. */
  readonly addresses: 'any' | readonly string[];
  /** wei that a transaction may send */
  readonly max_value: bigint;
  /** wei that a transaction may cost besides: gas limit × highest price; given whenever a transaction is an allowed kind. */
  readonly max_fee: bigint | null;
  /** Transactions that call a contract, within the next two rules. */
  readonly allow_calldata: boolean;
  /** For each token contract, what one call may move or approve, in its smallest unit. */
  readonly max_token_amount: ReadonlyMap<string, bigint>;
  /** Contracts that may be called with anything but a token call. */
  readonly allow_calldata_to: readonly string[];
  /** The documents of EIP-712 that may be signed. */
  readonly typed_data: readonly { readonly contract: string; readonly primary_type: string }[];
  /** Documents that let somebody else move tokens. */
  readonly allow_permits: boolean;
  /** EIP-191 messages, whatever their text. */
  readonly allow_messages: boolean;
  /** Hashes of unknown content. */
  readonly allow_digest: boolean;
}

const KINDS = ['eip1559', 'legacy', 'eip712', 'eip191'] as const;

/** Names of keys within the rules. */
export const SIGN_KEYS: readonly string[] = [
  'kinds',
  'chains',
  'addresses',
  'max_value',
  'max_fee',
  'allow_calldata',
  'max_token_amount',
  'allow_calldata_to',
  'typed_data',
  'contract',
  'primary_type',
  'allow_permits',
  'allow_messages',
  'allow_digest',
];

const address = z
  .string()
  .regex(/^0x[0-9a-fA-F]{40}$/, 'expected an address, in quotes')
  .transform((text) => text.toLowerCase());

const amount = z
  .string()
  .regex(/^(0|[1-9][0-9]{0,77})$/, 'expected an amount in digits, in quotes')
  .transform(BigInt);

/** Reads the rules. */
export const signRules: z.ZodType<SignRules> = z
  .strictObject({
    kinds: z.array(z.enum(KINDS)),
    chains: z.union([z.literal('any'), z.array(z.int().positive())]),
    addresses: z.union([z.literal('any'), z.array(address)]),
    max_value: amount,
    max_fee: amount.nullable().default(null),
    allow_calldata: z.boolean().default(false),
    max_token_amount: z
      .record(address, amount)
      .default({})
      .transform((amounts) => new Map(Object.entries(amounts))),
    allow_calldata_to: z.array(address).default([]),
    typed_data: z
      .array(z.strictObject({ contract: address, primary_type: z.string().min(1) }))
      .default([]),
    allow_permits: z.boolean().default(false),
    allow_messages: z.boolean().default(false),
    allow_digest: z.boolean().default(false),
  })
  .refine(({ kinds, max_fee }) => max_fee !== null || !kinds.some(isTransaction), {
    path: ['max_fee'],
    error:
      'expected wei in digits, in quotes: a transaction kind is allowed, and its fee must be bounded',
  });

function isTransaction(kind: Payload['kind']): boolean {
  return kind === 'eip1559' || kind === 'legacy';
}

/** Judges a request by the rules. */
export function decideSign(rules: SignRules, request: SignApproval): Approval {
  const { payload } = request;
  if (payload === null || payload.kind === 'digest') {
    return allowed(rules.allow_digest, 'policy: a bare digest is not allowed');
  }
  if (!rules.kinds.includes(payload.kind)) {
    return refuse(`policy: ${payload.kind} is not an allowed kind`);
  }
  switch (payload.kind) {
    case 'eip1559':
    case 'legacy':
      return decideTransaction(rules, payload);
    case 'eip712':
      return decideTypedData(rules, payload);
    case 'eip191':
      return allowed(rules.allow_messages, 'policy: messages are not allowed');
  }
}

type Transaction = Extract<Payload, { kind: 'eip1559' | 'legacy' }>;

function decideTransaction(rules: SignRules, payload: Transaction): Approval {
  const { transaction } = payload;
  const { to, value, data } = transaction;
  if (!chainAllowed(rules, BigInt(transaction.chain_id))) {
    return refuse(`policy: chain ${transaction.chain_id} is not allowed`);
  }
  if (BigInt(value) > rules.max_value) {
    return refuse(`policy: the value is above ${rules.max_value} wei`);
  }
  if (rules.max_fee === null || highestFee(payload) > rules.max_fee) {
    return refuse(`policy: the fee may be above ${rules.max_fee ?? 0n} wei`);
  }
  if (to === null) return refuse('policy: creating a contract is not allowed');
  const called = !isEmptyData(data);
  if ((!called || BigInt(value) > 0n) && !addressAllowed(rules, to)) {
    return refuse('policy: the recipient is not allowed');
  }
  return called ? decideCall(rules, to.toLowerCase(), data) : { accept: true };
}

/** The most that a transaction can cost besides its value, in wei. */
function highestFee(payload: Transaction): bigint {
  const price =
    payload.kind === 'eip1559'
      ? payload.transaction.max_fee_per_gas
      : payload.transaction.gas_price;
  return BigInt(payload.transaction.gas_limit) * BigInt(price);
}

/** A token call is judged by what it does, also when the contract may be called with anything else. */
function decideCall(rules: SignRules, contract: string, data: string): Approval {
  if (!rules.allow_calldata) return refuse('policy: calling a contract is not allowed');
  const call = readTokenCall(data);
  if (call === null) {
    return rules.allow_calldata_to.includes(contract)
      ? { accept: true }
      : refuse('policy: calling this contract is not allowed');
  }
  const most = rules.max_token_amount.get(contract);
  if (most === undefined) return refuse('policy: moving this token is not allowed');
  if (call === 'malformed') return refuse('policy: the token call is malformed');
  if (!addressAllowed(rules, call.recipient)) {
    return refuse('policy: the recipient or spender of the tokens is not allowed');
  }
  return call.amount <= most
    ? { accept: true }
    : refuse(`policy: the amount of tokens is above ${most}`);
}

/** Names of documents by which tokens move without a transaction of ours (EIP-2612, Permit2, EIP-3009). */
const PERMIT = /permit|(transfer|receive)withauthorization/i;

function decideTypedData(
  rules: SignRules,
  { typed_data }: Extract<Payload, { kind: 'eip712' }>,
): Approval {
  const { domain, primaryType, types } = typed_data;
  const chain = domain['chainId'];
  if (rules.chains !== 'any') {
    const known = typeof chain === 'string';
    if (!known || !chainAllowed(rules, BigInt(chain))) {
      return refuse('policy: the chain of the typed data is not allowed');
    }
  }
  const contract = domain['verifyingContract'];
  const listed = rules.typed_data.some(
    (one) =>
      typeof contract === 'string' &&
      one.contract === contract.toLowerCase() &&
      one.primary_type === primaryType,
  );
  if (!listed) return refuse('policy: this contract and type of typed data is not allowed');
  if (!rules.allow_permits && Object.keys(types).some((name) => PERMIT.test(name))) {
    return refuse('policy: permits are not allowed');
  }
  return { accept: true };
}

function chainAllowed(rules: SignRules, chain: bigint): boolean {
  return rules.chains === 'any' || rules.chains.some((allowed) => BigInt(allowed) === chain);
}

function addressAllowed(rules: SignRules, recipient: string): boolean {
  return rules.addresses === 'any' || rules.addresses.includes(recipient.toLowerCase());
}

function isEmptyData(data: string | undefined): boolean {
  return data === undefined || data === '' || data === '0x';
}
