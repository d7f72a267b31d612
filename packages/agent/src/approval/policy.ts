/**
 * A policy file decides without a person: what it does not expressly allow is refused.
 */
import type { Payload } from '@quorate/intent';
import { z } from 'zod';
import { parseYaml } from '../yamlFile.ts';
import type { Approval, ApprovalRequest, Approve, SignApproval } from './index.ts';

/** The rules of a policy file. */
export interface Policy {
  readonly keygen: 'allow' | 'refuse';
  readonly sign: {
    readonly kinds: readonly Payload['kind'][];
    /** Chain ids; `any` must be written out. */
    readonly chains: 'any' | readonly number[];
    /** Recipients of transactions and verifying contracts of typed data, in lower case. */
    readonly addresses: 'any' | readonly string[];
    /** wei per transaction, in decimal digits */
    readonly max_value: string;
    /** Transactions that call a contract. */
    readonly allow_calldata: boolean;
    /** Hashes of unknown content. */
    readonly allow_digest: boolean;
  };
}

const KINDS = ['eip1559', 'legacy', 'eip712', 'eip191'] as const;
const KEYS = [
  'keygen',
  'sign',
  'kinds',
  'chains',
  'addresses',
  'max_value',
  'allow_calldata',
  'allow_digest',
];

const address = z
  .string()
  .regex(/^0x[0-9a-fA-F]{40}$/, 'expected an address, in quotes')
  .transform((text) => text.toLowerCase());

const policySchema: z.ZodType<Policy> = z.strictObject({
  keygen: z.enum(['allow', 'refuse']).default('refuse'),
  sign: z.strictObject({
    kinds: z.array(z.enum(KINDS)),
    chains: z.union([z.literal('any'), z.array(z.int().positive())]),
    addresses: z.union([z.literal('any'), z.array(address)]),
    max_value: z.string().regex(/^(0|[1-9][0-9]{0,77})$/, 'expected wei in digits, in quotes'),
    allow_calldata: z.boolean().default(false),
    allow_digest: z.boolean().default(false),
  }),
});

/** Reads a policy file. @throws AgentError `policy/invalid`, which names the nearest known key for an unknown one */
export function parsePolicy(name: string, text: string): Policy {
  return parseYaml(name, text, policySchema, KEYS, {
    invalid: 'policy/invalid',
    unknownKey: 'policy/invalid',
  });
}

/** Makes the decider of a policy. */
export function approveByPolicy(policy: Policy): Approve {
  return async (request) => decide(policy, request);
}

/** What a policy says to a request. */
export function decide(policy: Policy, request: ApprovalRequest): Approval {
  if (request.kind === 'keygen') {
    return policy.keygen === 'allow'
      ? { accept: true }
      : refuse('policy: key generation is not allowed');
  }
  return decideSign(policy.sign, request);
}

function decideSign(rules: Policy['sign'], request: SignApproval): Approval {
  const { payload } = request;
  if (payload === null || payload.kind === 'digest') {
    return rules.allow_digest ? { accept: true } : refuse('policy: a bare digest is not allowed');
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
      return { accept: true };
  }
}

function decideTransaction(
  rules: Policy['sign'],
  { transaction }: Extract<Payload, { kind: 'eip1559' | 'legacy' }>,
): Approval {
  if (!chainAllowed(rules, BigInt(transaction.chain_id))) {
    return refuse(`policy: chain ${transaction.chain_id} is not allowed`);
  }
  if (transaction.to === null) return refuse('policy: creating a contract is not allowed');
  if (!addressAllowed(rules, transaction.to)) return refuse('policy: the recipient is not allowed');
  if (BigInt(transaction.value) > BigInt(rules.max_value)) {
    return refuse(`policy: the value is above ${rules.max_value} wei`);
  }
  if (!rules.allow_calldata && !isEmptyData(transaction.data)) {
    return refuse('policy: calling a contract is not allowed');
  }
  return { accept: true };
}

function decideTypedData(
  rules: Policy['sign'],
  { typed_data }: Extract<Payload, { kind: 'eip712' }>,
): Approval {
  const { domain } = typed_data;
  const chain = domain['chainId'];
  if (rules.chains !== 'any') {
    const known =
      typeof chain === 'string' || typeof chain === 'number' || typeof chain === 'bigint';
    if (!known || !chainAllowed(rules, BigInt(chain))) {
      return refuse('policy: the chain of the typed data is not allowed');
    }
  }
  const contract = domain['verifyingContract'];
  if (rules.addresses !== 'any') {
    if (typeof contract !== 'string' || !addressAllowed(rules, contract)) {
      return refuse('policy: the contract of the typed data is not allowed');
    }
  }
  return { accept: true };
}

function chainAllowed(rules: Policy['sign'], chain: bigint): boolean {
  return rules.chains === 'any' || rules.chains.some((allowed) => BigInt(allowed) === chain);
}

function addressAllowed(rules: Policy['sign'], recipient: string): boolean {
  return rules.addresses === 'any' || rules.addresses.includes(recipient.toLowerCase());
}

function isEmptyData(data: string | undefined): boolean {
  return data === undefined || data === '' || data === '0x';
}

function refuse(reason: string): Approval {
  return { accept: false, reason };
}
