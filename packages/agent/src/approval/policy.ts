/**
 * A policy file decides without a person, and refuses everything that it does not expressly allow.
 */
import type { Approval } from '@quorate/holder';
import { type Kind, KINDS } from '@quorate/wire';
import { z } from 'zod';
import { APPROVALS } from '../ceremonies/approvals.ts';
import { parseYaml } from '../yamlFile.ts';
import type { ApprovalKind, RulesOfKind } from './kind.ts';
import type { ApprovalRequest, ApprovalRequestOf, Approve } from './request.ts';

/** The rules of a policy file, for each kind of ceremony. */
export type Policy = { readonly [K in Kind]: RulesOfKind<(typeof APPROVALS)[K]> };

const policySchema: z.ZodType<Policy> = z.strictObject({
  keygen: APPROVALS.keygen.rules,
  destroy: APPROVALS.destroy.rules,
  sign: APPROVALS.sign.rules,
});

const KEYS: readonly string[] = [...KINDS, ...KINDS.flatMap((kind) => APPROVALS[kind].keys)];

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

/** Judges a request by a policy. */
export function decide(policy: Policy, request: ApprovalRequest): Approval {
  return decideOne(policy, request.kind, request);
}

const TABLE: { readonly [K in Kind]: ApprovalKind<ApprovalRequestOf<K>, Policy[K]> } = APPROVALS;

function decideOne<K extends Kind>(
  policy: Policy,
  kind: K,
  request: ApprovalRequestOf<K>,
): Approval {
  return TABLE[kind].decide(policy[kind], request);
}
